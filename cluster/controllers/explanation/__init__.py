"""Why a controller does what it does, and why it waits now: decisions and standstills put into words.

Real controllers write nothing while they wait. So nothing is recorded either: whoever asks gets an answer that is computed
from the cluster as it is (or was), with the controllers' own arithmetic.
"""
