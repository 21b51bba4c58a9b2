"""The two directions of a project on a FHIR release, by the compiled engine or the interpreter."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from threading import get_ident
from typing import TYPE_CHECKING, Literal

from interchange.engine.backward import Backward
from interchange.engine.forward import Forward
from interchange.engine.planner import plan_project

if TYPE_CHECKING:
    from interchange.engine.compile import Compiled
    from interchange.engine.plan import Plan
    from interchange.fhir.elements import Release
    from interchange.mapping.model import Project

Engine = Literal["compiled", "interpreted"]


@dataclass(slots=True)
class Engines:
    """The two directions of one plan, by the chosen engine; ``compiled`` is what was compiled, if anything."""

    plan: Plan
    forward: Forward
    backward: Backward
    compiled: Compiled | None = None


def ready_engines(project: Project, release: Release, engine: Engine = "compiled") -> Engines:
    """Return both directions of a project on a release, those of an earlier call where there are any.

    They count what they meet, so each thread has its own, and the counts start anew.
    """
    ready = _ready(project, release, engine, get_ident())
    ready.plan.tools.misses.clear()
    ready.forward.disagreements.clear()
    return ready


@lru_cache(maxsize=8)
def _ready(project: Project, release: Release, engine: Engine, thread: int) -> Engines:
    base = None if project.base is None else _ready(project.base, release, engine, thread)
    return build_engines(project, release, engine, base)


def build_engines(
    project: Project, release: Release, engine: Engine = "compiled", base: Engines | None = None
) -> Engines:
    """Return both directions of a project on a release; ``base`` are those of the project it was adapted from."""
    plan = plan_project(project, release, base.plan if base else None)
    if engine == "interpreted":
        forward = Forward(plan)
        return Engines(plan, forward, Backward(plan, forward))
    from interchange.engine.compile import compile_plan
    from interchange.engine.memberwise import MemberWriter

    compiled = compile_plan(plan, base.compiled if base else None)
    forward = Forward(plan, compiled.read, compiled.elements)
    members = MemberWriter(plan, compiled.write, compiled.constants)
    back = Backward(plan, forward, compiled.write, constants=compiled.constants, members=members)
    return Engines(plan, forward, back, compiled)
