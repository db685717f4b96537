"""Study sets: one table for every source, named everywhere by one spec string."""

from typing import TYPE_CHECKING, Any

from core.studies.parallel import images_or_reasons
from core.studies.study import Box, Study, StudySet
from core.studies.upload import UploadedSet

if TYPE_CHECKING:
    from core.specs import open_studies

__all__ = ["Box", "Study", "StudySet", "UploadedSet", "images_or_reasons", "open_studies"]


def __getattr__(name: str) -> Any:
    """`open_studies`, for notebooks: `from core.studies import open_studies`.

    A spec may name an archive, so that opening one lives above archives and this room. Looked up
    when somebody asks, so that importing this room imports nothing above it; inside the project
    everybody imports `core.specs`.
    """
    if name == "open_studies":
        from core.specs import open_studies

        return open_studies
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
