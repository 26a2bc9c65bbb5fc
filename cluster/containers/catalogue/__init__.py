"""The catalogue of well-known images, as data: one file per family.

Sizes are compressed bytes, of the order of the published images; consumption is of the order that the programs show on a
small machine. Texts of files and pages are our own and as short as serves.
"""

from __future__ import annotations

from collections.abc import Mapping

from cluster.containers.catalogue import databases, examples, kubernetes, languages, systems, web_servers
from cluster.containers.catalogue.official import OFFICIAL
from cluster.containers.image import Image

# Those of which more is known than that they exist, by the name that people write.
CATALOGUE: Mapping[str, Image] = {
    **web_servers.IMAGES, **databases.IMAGES, **systems.IMAGES, **languages.IMAGES, **examples.IMAGES, **kubernetes.IMAGES,
}

__all__ = ["CATALOGUE", "OFFICIAL"]
