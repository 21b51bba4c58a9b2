"""Texts longer than a variable can be: 200 bytes in TSVAL, the rest in TSVAL1, TSVAL2 ... (SDTMIG 4.5.3.2)."""

from __future__ import annotations

Row = dict[str, str]
LIMIT = 200


def split_long(row: Row, variable: str) -> None:
    """Spread a long text over a row's continuation variables, between words where it can be.

    A blank at a cut starts the next piece, so the pieces put together are the text.

    >>> row = {"TSVAL": "x" * 150 + " " + "y" * 100}
    >>> split_long(row, "TSVAL"); [len(row[k]) for k in ("TSVAL", "TSVAL1")]
    [150, 101]
    """
    text = row.get(variable)
    if text is None or len(text.encode()) <= LIMIT:
        return
    number = 0
    while text:
        piece = _piece(text)
        row[f"{variable}{number or ''}"] = piece
        text = text[len(piece) :]
        number += 1


def _piece(text: str) -> str:
    room = text.encode()[:LIMIT].decode(errors="ignore")
    if room == text:
        return text
    cut = len(room) if text[len(room)] == " " and room[-1] != " " else room.rstrip().rfind(" ")
    while cut > 0 and room[cut - 1] == " ":
        cut -= 1
    return room[:cut] if cut > 0 else room


def join_long(row: Row, variable: str) -> Row:
    """Return a row whose continuation variables are joined into one text.

    Pieces of others may have lost the blank at a cut: one is put back where a piece could have held more.

    >>> join_long({"TSVAL": "one", "TSVAL1": "two"}, "TSVAL")
    {'TSVAL': 'one two'}
    """
    if f"{variable}1" not in row or variable not in row:
        return row
    joined = {k: v for k, v in row.items() if not (k.startswith(variable) and k[len(variable) :].isdigit())}
    text, number = row[variable], 1
    last = text
    while (piece := row.get(f"{variable}{number}")) is not None:
        if not piece.startswith(" ") and len(last.encode()) + len(piece[:1].encode()) <= LIMIT:
            text += " "
        text += piece
        last = piece
        number += 1
    joined[variable] = text
    leftover = {k: v for k, v in row.items() if k.startswith(variable) and k[len(variable) :].isdigit()}
    return joined if len(leftover) == number - 1 else row
