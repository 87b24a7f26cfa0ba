"""What real build tools print when something is missing: shortened to the lines that matter."""

# ruff: noqa: E501  # the logs are quoted as they were printed
from __future__ import annotations

import pytest

from inventree_plugins.packages.build_log import missing_piece

GCC = "gcc -Wsign-compare -DNDEBUG -g -fwrapv -O3 -Wall -fPIC -I/usr/include/python3.11 -c x.c -o build/x.o\n"
RUNNING = "running bdist_wheel\nrunning build\nrunning build_ext\nbuilding '_x' extension\n"


@pytest.mark.parametrize(
    ("log", "what", "hint"),
    [
        (  # setuptools 84
            (
                f"{RUNNING}{GCC}x.c:2:10: fatal error: zzz/foo.h: No such file or directory\n"
                "    2 | #include <zzz/foo.h>\n      |          ^~~~~~~~~~~\ncompilation terminated.\n"
                "error: Command '['gcc', '-Wsign-compare', '-c', 'x.c']' returned non-zero exit status 1.\n"
            ),
            "the header `zzz/foo.h`",
            "-dev",
        ),
        (  # setuptools 68
            (
                f"{RUNNING}{GCC}x.c:1:10: fatal error: libpq-fe.h: No such file or directory\ncompilation terminated.\n"
                "error: command '/usr/bin/gcc' failed with exit code 1\n"
            ),
            "the header `libpq-fe.h`",
            "-dev",
        ),
        (
            "../x.c:1:10: fatal error: Python.h: No such file or directory\nninja: build stopped: subcommand failed.\n",
            "the header `Python.h`",
            "python3-dev",
        ),
        (  # clang
            "x.c:1:10: fatal error: 'ffi.h' file not found\n    1 | #include <ffi.h>\n1 error generated.\n",
            "the header `ffi.h`",
            "-dev",
        ),
        (
            (
                f"{RUNNING}{GCC}/usr/bin/ld: cannot find -lzzznope: No such file or directory\n"
                "collect2: error: ld returned 1 exit status\n"
            ),
            "the library `zzznope`",
            "-dev",
        ),
        (  # setuptools 84
            f"{RUNNING}{GCC}error: [Errno 2] No such file or directory: 'gcc'\n",
            "the compiler `gcc`",
            "build-essential",
        ),
        (  # setuptools 68
            f"{RUNNING}{GCC}error: command '/opt/bin/gcc-12' failed: No such file or directory\n",
            "the compiler `/opt/bin/gcc-12`",
            "build-essential",
        ),
        (
            "error: command 'x86_64-linux-gnu-gcc' failed: No such file or directory\n",
            "the compiler `x86_64-linux-gnu-gcc`",
            "build-essential",
        ),
        ("unable to execute 'gcc': No such file or directory\n", "the compiler `gcc`", "build-essential"),
        ("/bin/sh: 1: c++: not found\n", "the compiler `c++`", "build-essential"),
        (  # meson 1.12
            (
                "../meson.build:1:0: ERROR: Unknown compiler(s): [['cc'], ['gcc'], ['clang']]\n"
                "The following exception(s) were encountered:\n"
                "Running `cc --version` gave \"[Errno 2] No such file or directory: 'cc'\"\n"
            ),
            "the compiler `cc`",
            "build-essential",
        ),
        (  # CMake 3.25
            (
                "CMake Error at /usr/share/cmake-3.25/Modules/CMakeDetermineCCompiler.cmake:49 (message):\n"
                "  Could not find compiler set in environment variable CC:\n\n  /opt/bin/cc.\n"
                "CMake Error: CMAKE_C_COMPILER not set, after EnableLanguage\n*** CMake configuration failed\n"
            ),
            "the compiler `/opt/bin/cc`",
            "build-essential",
        ),
        (
            "CMake Error at CMakeLists.txt:2 (project):\n  No CMAKE_C_COMPILER could be found.\n",
            "a compiler",
            "build-essential",
        ),
        (  # setuptools-rust 1.13
            (
                "running build_rust\nerror: can't find Rust compiler\n\nIf you are using an outdated pip version, it is"
                " possible a prebuilt wheel is available\n\n    pip install --upgrade pip\n"
            ),
            "the Rust toolchain",
            "rustup.rs",
        ),
        (  # maturin 1.16
            (
                "Checking for Rust toolchain....\nRust not found, installing into a temporary directory\n"
                "httpx.ConnectError: [Errno -2] Name or service not known\n"
            ),
            "the Rust toolchain",
            "rustup.rs",
        ),
        ("error: [Errno 2] No such file or directory: 'cargo'\n", "the Rust toolchain", "rustup.rs"),
        (
            (
                "Run-time dependency zzznope found: NO  (tried pkg-config and cmake)\n\n"
                '../meson.build:2:0: ERROR: Dependency "zzznope" not found (tried pkg-config and cmake)\n'
            ),
            "the library `zzznope`",
            "-dev",
        ),
        (
            '  Could not find a package configuration file provided by "ZzzNope" with any\n  of the following names:\n',
            "the library `ZzzNope`",
            "-dev",
        ),
        (
            "Package libfoo was not found in the pkg-config search path.\nNo package 'libfoo' found\n",
            "the library `libfoo`",
            "-dev",
        ),
        ("Error: pg_config executable not found.\n", "the program `pg_config`", "install it"),
        ("/bin/sh: line 1: swig: command not found\n", "the program `swig`", "install it"),
        (
            "swig -python -o x_wrap.c x.i\nerror: [Errno 2] No such file or directory: 'swig'\n",
            "the program `swig`",
            "install it",
        ),
        (
            (
                'Traceback (most recent call last):\n  File "<string>", line 1, in <module>\n'
                "ModuleNotFoundError: No module named 'numpy'\n"
            ),
            "the Python module `numpy`",
            "build requirement",
        ),
    ],
)
def test_names_what_was_missing(log, what, hint):
    missing = missing_piece(log)
    assert missing is not None
    assert missing.what == what
    assert hint in missing.hint
    assert "\n" not in missing.line


@pytest.mark.parametrize(
    "log",
    [
        "",
        "RuntimeError: the compiler is missing\n",
        f"{RUNNING}{GCC}x.c:3:5: error: expected ';' before '}}' token\nerror: command '/usr/bin/gcc' failed with exit code 1\n",
        # A file of the package's own.
        "FileNotFoundError: [Errno 2] No such file or directory: 'README.md'\n",
        "cc1: fatal error: missing.c: No such file or directory\ncompilation terminated.\n",
        # It was looked for, and something else was taken.
        "ModuleNotFoundError: No module named 'tomli'\nusing tomllib\nValueError: no version\n",
        "checking for gcc... gcc\nProgram python found: YES\n",
    ],
)
def test_leaves_other_failures_alone(log):
    assert missing_piece(log) is None
