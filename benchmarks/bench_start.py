"""Measures the CPU seconds of commands that have next to nothing to do: what a run pays before its first row.

Each is a whole process, the best of several rounds after one that compiles Python and is not counted. The conversions
are of one patient and of one laboratory result to SDTM, and of one row of LB to FHIR, in R4 and R5.

    python benchmarks/bench_start.py --rounds 5 --json out.json
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from measuring import machine

PATIENT = {"resourceType": "Patient", "id": "P1", "gender": "female", "birthDate": "1980-01-02"}
RESULT = {
    "resourceType": "Observation",
    "id": "O1",
    "status": "final",
    "category": [
        {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "laboratory"}]}
    ],
    "code": {"coding": [{"system": "http://loinc.org", "code": "718-7"}]},
    "subject": {"reference": "Patient/P1"},
    "effectiveDateTime": "2024-01-02",
    "valueQuantity": {"value": 12.1, "unit": "g/dL", "system": "http://unitsofmeasure.org", "code": "g/dL"},
}
ROW = "STUDYID,DOMAIN,USUBJID,LBSEQ,LBTESTCD,LBTEST,LBORRES,LBORRESU\nS,LB,S-1,1,HGB,Hemoglobin,12.1,g/dL\n"
COMMAND = ["-m", "interchange"]


def commands(folder: Path) -> dict[str, list[str]]:
    """Return what is measured, as words for Python, by what it is called; sources are written to a folder."""
    (folder / "patient.json").write_text(json.dumps(PATIENT))
    (folder / "result.json").write_text(json.dumps(RESULT))
    (folder / "lb.csv").write_text(ROW)
    found = {
        "python -c pass": ["-c", "pass"],
        "import interchange": ["-c", "import interchange"],
        "interchange --help": [*COMMAND, "--help"],
    }
    for release in ("R4", "R5"):
        options = ["--out", str(folder / "out"), "--fhir-version", release]
        for command, name in (("to-sdtm", "patient.json"), ("to-sdtm", "result.json"), ("to-fhir", "lb.csv")):
            found[f"{command} {name}, {release}"] = [*COMMAND, command, str(folder / name), *options]
    return found


def cpu_of(words: list[str]) -> float:
    """Return the CPU seconds of a Python process; ends where it fails."""
    process = subprocess.Popen([sys.executable, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603  # our own command
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status):
        sys.exit(f"`{' '.join(words)}` failed")
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path, help="also write the numbers to a file")
    args = parser.parse_args()
    print("  ".join(f"{name}: {value}" for name, value in machine().items()))
    best: dict[str, float] = {}
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package is compiled once
    with tempfile.TemporaryDirectory() as folder:
        print(f"{'CPU seconds of a whole process':<34}{'best of ' + str(args.rounds):>10}")
        for name, words in commands(Path(folder)).items():
            cpu_of(words)
            best[name] = min(cpu_of(words) for _ in range(args.rounds))
            print(f"{name:<34}{best[name]:>10.2f}", flush=True)
    if args.json:
        args.json.write_text(json.dumps({"machine": machine(), "cpu": best}, indent=1) + "\n")


if __name__ == "__main__":
    main()
