# SPDX-License-Identifier: Apache-2.0
"""Test programs with one source changed, made from the objects of a finished build."""

import json
import os
import re
import resource
import shlex
import shutil
import signal
import subprocess
from pathlib import Path

HANGS = -1
SHORTEST = 20  # processor seconds
PATIENCE = 30  # seconds for each of them: what waits without computing ends, too


class MutantBuild:
    """Only what a mutant changes is compiled: its file by itself, or for a header all that include
    it. The new objects are linked before those of the build, whose definitions of the same names
    the linker then leaves out (-z muldefs). That takes effect everywhere, since libraries are
    compiled with -fPIC: their calls go by name, also within one object. Neither the sources nor the
    build are touched, but for the program h2vp while tests of the suite run it.
    """

    def __init__(self, source, build, work):
        self.source, self.build, self.work = source, build, work
        work.mkdir(parents=True, exist_ok=True)
        self.log = open(work / "log.txt", "ab")
        self.compiles = {}  # output -> (command, source)
        for entry in json.loads(self.ninja("-t", "compdb")):
            if " -c " in entry["command"]:
                self.compiles[entry["output"]] = (shlex.split(entry["command"]), entry["file"])
        self.inputs, self.times = {}, {}

    def ninja(self, *words):
        return subprocess.run(["ninja", "-C", self.build, *words], check=True, text=True,
                              stdout=subprocess.PIPE).stdout

    def call(self, command, seconds=None):
        """Exit code and processor seconds; HANGS after so many. All that was started has ended."""
        def limit():
            if seconds is not None:
                resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))

        environment = {**os.environ, "MALLOC_PERTURB_": "128"}
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        process = subprocess.Popen([str(c) for c in command], cwd=self.build, stdout=self.log,
                                   stderr=self.log, start_new_session=True, preexec_fn=limit,
                                   env=environment)
        try:
            code = process.wait(None if seconds is None else PATIENCE * seconds)
        except subprocess.TimeoutExpired:
            code = HANGS
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        used = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
        return HANGS if code in (-signal.SIGKILL, -signal.SIGXCPU) else code, used

    # What to compile.

    def objects(self, file, program):
        """Objects of the program that the file is in."""
        if program not in self.inputs:
            self.inputs[program] = set(self.ninja("-t", "inputs", program).split("\n"))
        of_program = [o for o in self.compiles if o in self.inputs[program]]
        path = str(self.source / file)
        if not file.endswith(".h"):
            return [o for o in of_program if path in self.sources_of(o)][:1]
        found, output = [], None
        for line in self.ninja("-t", "deps").splitlines():
            if not line.startswith(" "):
                output = line.split(":")[0]
            elif output in of_program and os.path.normpath(self.build / line.strip()) == path:
                found.append(output)
        return found

    def sources_of(self, output):
        """Itself, or what a unity source includes."""
        compiled = self.compiles[output][1]
        if "/Unity/" not in compiled:
            return [os.path.normpath(self.build / compiled)]
        return re.findall(r'#include "(.*)"', (self.build / compiled).read_text())

    def compile(self, file, text, program):
        """The new objects by the ones whose place they take; None if one does not compile."""
        changed = self.work / "include" / file
        shutil.rmtree(self.work / "include", ignore_errors=True)
        changed.parent.mkdir(parents=True)
        changed.write_text(text, encoding="utf-8")
        made = {}
        objects = self.objects(file, program)
        if not objects:
            raise SystemExit(f"{file} is not in {program}")
        for output in objects:
            made[output] = self.work / f"mutant{len(made)}.o"
            whole = self.build / self.compiles[output][1]
            if file.endswith(".h"):
                tried = [whole]
            else:  # few files need their neighbours of a unity source
                tried = [changed, self.unity_with(whole, self.source / file, changed)]
            if not any(self.compile_one(output, source, made[output]) for source in tried):
                return None
        return made

    def compile_one(self, output, source, target):
        words = self.compiles[output][0]
        words = words[words[0].endswith("ccache"):words.index("-MD")]  # a mutant is made once
        words[1:1] = ["-iquote", self.work / "include"]
        return self.call([*words, "-c", source, "-o", target])[0] == 0

    def unity_with(self, unity, file, changed):
        source = self.work / ("unity" + unity.suffix)
        source.write_text(unity.read_text().replace(f'"{file}"', f'"{changed}"'))
        return source

    def link(self, program, made):
        """The program with these objects; None if it does not link."""
        line = self.ninja("-t", "commands", "-s", program)
        words = shlex.split(next(p for p in line.split(" && ") if " -o " in p))
        replaced = {str(old): str(new) for old, new in made.items() if old in words}
        words = [replaced.get(w, w) for w in words]
        words[1:1] = ["-Wl,-z,muldefs", *(str(new) for old, new in made.items()
                                         if old not in replaced)]
        if shutil.which("ld.lld"):
            words.insert(1, "-fuse-ld=lld")
        linked = self.work / program
        words[words.index("-o") + 1] = str(linked)
        return linked if self.call(words)[0] == 0 else None

    # What the tests say.

    def test(self, program, linked, tests, seconds):
        if program != "h2vp":
            return self.call([linked, f"--gtest_filter={tests}", "--gtest_brief=1",
                              "--gtest_fail_fast"], seconds)
        kept = self.build / "h2vp.kept"
        os.replace(self.build / program, kept)
        try:
            shutil.copy2(linked, self.build / program)
            return self.call(["ctest", "--test-dir", self.build, "-R", tests, "--no-tests=error",
                              "--stop-on-failure"], seconds)
        finally:
            os.replace(kept, self.build / program)

    def seconds(self, file, program, tests):
        """Processor seconds after which the tests hang: five times what they take with the first
        file of the program that is asked for, made like a mutant and unchanged."""
        key = (program, tests)
        if key not in self.times:
            text = (self.source / file).read_text(encoding="utf-8")
            made = self.compile(file, text, program)
            linked = made and self.link(program, made)
            code, used = self.test(program, linked, tests, 3600) if linked else (1, 0)
            if code != 0:
                raise SystemExit(f"{program} {tests} fails with the unchanged {file}; see "
                                 f"{self.work}/log.txt")
            self.times[key] = int(max(SHORTEST, 5 * used))
        return self.times[key]

    def outcome(self, file, text, program, tests):
        """What becomes of the tests if the file has this text."""
        limit = self.seconds(file, program, tests)
        made = self.compile(file, text, program)
        if made is None:
            return "killed: does not compile"
        linked = self.link(program, made)
        if linked is None:
            return "killed: does not link"
        code = self.test(program, linked, tests, limit)[0]
        return "survived" if code == 0 else "killed: hangs" if code == HANGS else "killed"
