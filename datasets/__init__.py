"""Images for the course: `course_data("grey")`, `course_data("colour")`."""

from datasets.loaders import Data, DatasetError, course_data, load

__all__ = ["Data", "DatasetError", "course_data", "load"]
