"""What surrounds a command: its words for what goes wrong, and its progress."""

import contextlib
import os
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any, NoReturn


@contextlib.contextmanager
def guarded() -> Iterator[None]:
    """Turn what a person can mend into a sentence and an exit code."""
    import typer

    try:
        yield
        sys.stdout.flush()
        return
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    except BrokenPipeError:
        # The reader (head, less) has gone; there is nobody to tell, and nothing may be flushed at exit either
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        complain(f"{error.filename!r}: {error.strerror}." if error.filename else f"{error}.")
    except MemoryError as error:
        complain(f"There is not enough memory for this. {error}".strip())
    except (ValueError, ImportError) as error:
        complain(str(error))
    raise typer.Exit(1)


def complain(message: str) -> None:
    import typer

    typer.secho("error: ", fg=typer.colors.RED, bold=True, err=True, nl=False)
    typer.echo(message, err=True)


def usage(option: str, check: Callable[[Any], Any], value: Any) -> Any:
    """``check(value)``, its complaint being about how the command was written."""
    import typer

    try:
        return check(value)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=option) from None


def refuse(option: str, message: str) -> NoReturn:
    import typer

    raise typer.BadParameter(message, param_hint=option)


class Progress:
    """A bar on standard error, which appears after a second and only where a person is looking."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._timer: threading.Timer | None = None

    def __enter__(self) -> "Progress":
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

            columns = (
                SpinnerColumn(),
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                TimeElapsedColumn(),
            )
            self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
            self._task = self._bar.add_task("", total=None)
            # The bar has a thread of its own: it moves while the solver is inside LAPACK
            self._timer = threading.Timer(1.0, self._bar.start)
            self._timer.daemon = True
            self._timer.start()
        return self

    def __exit__(self, *exception: object) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer.join()
            self._bar.stop()

    def stage(self, text: str) -> None:
        if self._bar is not None:
            self._bar.update(self._task, description=text, total=None, completed=0)

    def advance(self, fraction: float) -> None:
        if self._bar is not None:
            self._bar.update(self._task, completed=fraction, total=1.0)
