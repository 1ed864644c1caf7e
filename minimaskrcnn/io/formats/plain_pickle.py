"""Read a pickle as data: the stack machine of the format, without the instructions that run code.

    bytes -> instructions -> a stack of plain values -> the one value that is left

Python's `pickle.load` imports and calls whatever a file names, so a file of weights can be a program. This
machine imports nothing: a name stays a `Name`, and a call is looked up in a table of the reader's own, which
makes plain records. A few classes of the standard library that trainers keep beside their weights become an
`Inert`, which knows its name and nothing else. What is in neither table, and every other instruction, is
refused where it stands.

Format: Python's module `pickletools` describes each instruction; these are the ones a state dict needs.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, NoReturn

from minimaskrcnn.errors import InputError

MAX_INSTRUCTIONS = 250_000  # a tensor takes about forty: room for a state of 6,000
MAX_TEXT = 1 << 20  # bytes of one text: a name, or a script or settings that were saved beside the weights
MAX_NAME = 4096  # bytes of the name of a class

CONSTANTS = {b"N": None, b"\x88": True, b"\x89": False}
EMPTY: dict[bytes, type] = {b"}": dict, b"]": list, b")": tuple}
NUMBERS = {b"K": "<B", b"M": "<H", b"J": "<i", b"G": ">d"}  # BININT1, BININT2, BININT, BINFLOAT
TEXTS = {b"\x8c": "<B", b"X": "<I"}  # SHORT_BINUNICODE, BINUNICODE: the length, then UTF-8
PUTS = {b"q": "<B", b"r": "<I"}  # BINPUT, LONG_BINPUT: remember the top of the stack
GETS = {b"h": "<B", b"j": "<I"}  # BINGET, LONG_BINGET: push what was remembered
TUPLES = {b"\x85": 1, b"\x86": 2, b"\x87": 3}  # TUPLE1, TUPLE2, TUPLE3
SKIPPED = {b"\x80": 1, b"\x95": 8}  # PROTO, FRAME: bytes of an operand that changes nothing
STOP = b"."

BUILTINS = (
    *("set", "frozenset", "list", "tuple", "dict", "bool", "int", "float", "complex", "str", "bytes"),
    *("bytearray", "slice", "range", "xrange", "Ellipsis"),
)
# Classes of what trainers save beside the weights. Nothing is imported or called for them.
INERT = frozenset(
    {
        "argparse.Namespace",
        "collections.Counter",
        "collections.defaultdict",
        "collections.deque",
        "_codecs.encode",
        *(f"datetime.{kind}" for kind in ("date", "time", "datetime", "timedelta", "timezone")),
        "decimal.Decimal",
        "fractions.Fraction",
        "numpy.dtype",
        "numpy.ndarray",
        *(
            f"numpy.{core}.multiarray.{kind}"
            for core in ("core", "_core")
            for kind in ("scalar", "_reconstruct")
        ),
        *(f"numpy.{core}.numeric._frombuffer" for core in ("core", "_core")),
        *(f"pathlib.{kind}Path" for kind in ("", "Posix", "Windows", "PurePosix", "PureWindows")),
        *(f"{module}.{kind}" for module in ("builtins", "__builtin__") for kind in BUILTINS),
        "torch.Size",
        "torch.device",
        "types.SimpleNamespace",
        "uuid.UUID",
    }
)

Makers = Mapping[str, Callable[[tuple[Any, ...]], Any] | None]


@dataclass(frozen=True)
class Name:
    """A class or function that the file names; nothing is imported for it."""

    text: str


@dataclass(frozen=True)
class Inert:
    """Stands for an object of a class in `INERT`; what it was made of is left out."""

    text: str


def refuse_reference(reference: Any) -> Any:
    """Refuse a reference in a pickle that must not refer to data outside of it."""
    raise InputError("refers to data outside of its description.")


class PlainPickle:
    """One pickle in a stream; `load` reads it and leaves the stream behind its last byte.

    Parameters
    ----------
    stream : binary stream, at the pickle's first byte
    end : position behind the last byte that may be read
    makers : what may be named: the name, and a callable that makes a plain value of the arguments of a call;
        None for a name that may be mentioned but not called
    dereference : makes a value of a reference to data beside the pickle
    """

    def __init__(
        self,
        stream: BinaryIO,
        end: int,
        makers: Makers,
        dereference: Callable[[Any], Any] = refuse_reference,
    ):
        self._stream, self._end, self._makers, self._dereference = stream, end, makers, dereference
        self._stack: list[Any] = []
        self._marks: list[int] = []
        self._memo: dict[int, Any] = {}

    def load(self) -> Any:
        """The value the pickle describes: dicts, lists, tuples, numbers, text, and what the makers made.

        Raises
        ------
        InputError
            If the pickle is cut off or senseless, names anything else, or holds another instruction.
        """
        try:
            for _ in range(MAX_INSTRUCTIONS):
                code = self._take(1)
                if code == STOP:
                    return self._stack.pop()
                self._step(code)
        except (IndexError, KeyError, UnicodeDecodeError) as error:
            raise InputError("damaged: its description makes no sense; get the file again.") from error
        raise InputError(f"has more than {MAX_INSTRUCTIONS:,} instructions, which no state dict needs.")

    def _step(self, code: bytes) -> None:
        push = self._stack.append
        if code in CONSTANTS:
            push(CONSTANTS[code])
        elif code in EMPTY:
            push(EMPTY[code]())
        elif code in NUMBERS:
            push(self._number(NUMBERS[code]))
        elif code in TEXTS:
            push(self._text(self._number(TEXTS[code])))
        elif code in PUTS:
            self._memo[self._number(PUTS[code])] = self._stack[-1]
        elif code in GETS:
            push(self._memo[self._number(GETS[code])])
        elif code in TUPLES:
            push(tuple([self._stack.pop() for _ in range(TUPLES[code])][::-1]))
        elif code in SKIPPED:
            self._take(SKIPPED[code])
        elif code in OTHERS:
            OTHERS[code](self)
        else:
            self._refuse(code)

    def _refuse(self, code: bytes) -> NoReturn:
        raise InputError(
            f"holds the pickle instruction {code!r}, which no file of weights needs; "
            "it was refused before anything ran. Save a plain model.state_dict()."
        )

    # ---- bytes -----------------------------------------------------------------------------------------

    def _take(self, n: int) -> bytes:
        if n > self._end - self._stream.tell():
            raise InputError("cut off in the middle of its description; get the file again.")
        return self._stream.read(n)

    def _number(self, layout: str) -> Any:
        return struct.unpack(layout, self._take(struct.calcsize(layout)))[0]

    def _text(self, length: int) -> str:
        if length > MAX_TEXT:
            raise InputError(
                f"holds a text of {length:,} bytes, which no file of weights needs; it was refused unread."
            )
        return self._take(length).decode()

    def _line(self) -> str:
        line = self._stream.readline(min(MAX_NAME, self._end - self._stream.tell()))
        if not line.endswith(b"\n"):
            raise InputError("cut off in the middle of a name; get the file again.")
        return line[:-1].decode()

    # ---- instructions that take more than a line -------------------------------------------------------

    def _long(self) -> None:
        self._stack.append(int.from_bytes(self._take(self._number("<B")), "little", signed=True))

    def _memoize(self) -> None:
        self._memo[len(self._memo)] = self._stack[-1]

    def _mark(self) -> None:
        self._marks.append(len(self._stack))

    def _since_mark(self) -> list[Any]:
        start = self._marks.pop()
        values = self._stack[start:]
        del self._stack[start:]
        return values

    def _tuple(self) -> None:
        self._stack.append(tuple(self._since_mark()))

    def _append(self) -> None:
        value = self._stack.pop()
        if type(self._stack[-1]) is not Inert:
            self._container(list).append(value)

    def _appends(self) -> None:
        values = self._since_mark()
        if type(self._stack[-1]) is not Inert:
            self._container(list).extend(values)

    def _bytes(self, layout: str) -> None:
        """Bytes are never part of a state."""
        self._take(self._number(layout))
        self._stack.append(Inert("builtins.bytes"))

    def _frozen_set(self) -> None:
        self._since_mark()
        self._stack.append(Inert("builtins.frozenset"))

    def _set_item(self) -> None:
        value, key = self._stack.pop(), self._stack.pop()
        self._set([key], [value])

    def _set_items(self) -> None:
        values = self._since_mark()
        self._set(values[::2], values[1::2])

    def _set(self, keys: list[Any], values: list[Any]) -> None:
        # A key is hashed, and the hash of nested tuples recurses: a tuple in a tuple is no key.
        if len(keys) != len(values) or not all(_is_plain(key) or _is_plain_tuple(key) for key in keys):
            raise InputError(
                "holds a dict whose keys are neither texts nor numbers; save a plain model.state_dict()."
            )
        if type(self._stack[-1]) is not Inert:
            self._container(dict).update(zip(keys, values, strict=True))

    def _container(self, kind: type) -> Any:
        if type(self._stack[-1]) is not kind:
            raise InputError("damaged: values are put into what cannot hold them; get the file again.")
        return self._stack[-1]

    def _global(self) -> None:
        self._name(self._line(), self._line())

    def _stack_global(self) -> None:
        name, module = self._stack.pop(), self._stack.pop()
        self._name(module, name)

    def _name(self, module: Any, name: Any) -> None:
        text = f"{module}.{name}" if isinstance(module, str) and isinstance(name, str) else "something"
        if text not in self._makers and text not in INERT:
            raise InputError(
                f"names {text[:80]!r}, which loading must not touch; nothing was run. "
                "Only tensors and plain settings beside them are read: save a plain model.state_dict()."
            )
        self._stack.append(Name(text))

    def _reduce(self) -> None:
        arguments, function = self._stack.pop(), self._stack.pop()
        if isinstance(function, Name) and function.text in INERT and isinstance(arguments, tuple):
            self._stack.append(Inert(function.text))
            return
        maker = self._makers[function.text] if isinstance(function, Name) else None
        if maker is None or not isinstance(arguments, tuple):
            raise InputError(
                "calls what is no function of a state dict; nothing was run. Save a plain state dict."
            )
        self._stack.append(maker(arguments))

    def _new_object(self) -> None:
        """The other way to make an object, which only the inert ones may take."""
        name = self._stack[-2]
        if not (isinstance(name, Name) and name.text in INERT):
            self._refuse(b"\x81")
        self._reduce()

    def _build(self) -> None:
        """Attributes of an ordered dict (torch's `_metadata`) and of inert objects are dropped."""
        attributes = self._stack.pop()
        if type(self._stack[-1]) is Inert:
            return
        if type(attributes) is not dict:
            raise InputError("damaged: attributes that are no dict; get the file again.")
        self._container(dict)

    def _reference(self) -> None:
        self._stack.append(self._dereference(self._stack.pop()))


def _is_plain(key: Any) -> bool:
    return key is None or isinstance(key, str | int | float | Inert)


def _is_plain_tuple(key: Any) -> bool:
    return isinstance(key, tuple) and all(map(_is_plain, key))


OTHERS: dict[bytes, Callable[[PlainPickle], None]] = {
    b"\x8a": PlainPickle._long,  # LONG1
    b"\x94": PlainPickle._memoize,
    b"(": PlainPickle._mark,
    b"t": PlainPickle._tuple,
    b"a": PlainPickle._append,
    b"e": PlainPickle._appends,
    b"s": PlainPickle._set_item,
    b"u": PlainPickle._set_items,
    b"c": PlainPickle._global,
    b"\x93": PlainPickle._stack_global,
    b"R": PlainPickle._reduce,
    b"\x81": PlainPickle._new_object,  # NEWOBJ
    b"b": PlainPickle._build,
    b"Q": PlainPickle._reference,  # BINPERSID
    b"C": lambda pickle: pickle._bytes("<B"),  # SHORT_BINBYTES
    b"B": lambda pickle: pickle._bytes("<I"),  # BINBYTES
    b"\x8e": lambda pickle: pickle._bytes("<Q"),  # BINBYTES8
    b"\x96": lambda pickle: pickle._bytes("<Q"),  # BYTEARRAY8
    b"\x8f": lambda pickle: pickle._stack.append(Inert("builtins.set")),  # EMPTY_SET
    b"\x90": PlainPickle._appends,  # ADDITEMS
    b"\x91": PlainPickle._frozen_set,  # FROZENSET
}
