"""What a rollout was, is and would be: life lines of Pods, counts between ceiling and floor, revisions, why it waits."""
