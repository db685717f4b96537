"""Study sets: one table for every source, named everywhere by one spec string."""

from core.studies.images import LoadedImage, read_image
from core.studies.parallel import images_or_reasons
from core.studies.spec import open_studies
from core.studies.study import Box, Study, StudySet
from core.studies.upload import UploadedSet

__all__ = [
    "Box",
    "LoadedImage",
    "Study",
    "StudySet",
    "UploadedSet",
    "images_or_reasons",
    "open_studies",
    "read_image",
]
