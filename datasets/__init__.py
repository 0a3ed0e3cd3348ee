"""The course's images: loaders with checked hashes, and the synthetic default.

``course_data("grey")`` gives an assignment's data, ``load("cifar-10")`` a dataset by name.
"""

from coursekit.data.loaders import Data, DatasetError, course_data, load

__all__ = ["Data", "DatasetError", "course_data", "load"]
