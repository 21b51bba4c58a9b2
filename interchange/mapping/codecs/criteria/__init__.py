"""Eligibility text as criteria: the registry's one text, split into items that include or exclude, and joined again.

What of a text is in no criterion is only what stands around them: headers, bullets and numbers, introductions
("Patients must meet all of the following:"), "Not provided". ``left_out`` gives it, so that every letter of a text is
in a criterion or there. Sub-headers ("Cohort A:") are the group of the criteria below. A nested list is a part of its
item's text, but for one whose item is a sub-header, or only introduces it.
"""

from interchange.mapping.codecs.criteria.join import join_criteria, join_nodes
from interchange.mapping.codecs.criteria.split import Criterion, left_out, split_criteria, split_nodes

__all__ = ["Criterion", "join_criteria", "join_nodes", "left_out", "split_criteria", "split_nodes"]
