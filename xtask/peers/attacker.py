"""Changes a model while it is loaded: the other process of the race tests.

A line on standard input is an order, its words separated by tabs, and each is answered by a line:

  aim ATTACK MODEL NAME     gets ready: writes what is to be put in the place of a file, maps what is to be written
  act                       does it
  storm SEED MODEL NAME...  attacks one of the files, puts it right again, and so on until this process is ended

What lies at MODEL is a folder, or a snapshot of a hub cache, whose names are links to blobs. A file that is attacked gets
other bytes of the same length wherever that is possible: only a digest tells them apart.
"""

import contextlib
import mmap
import os
import random
import shutil
import stat
import sys
import time

OTHER = bytes(byte ^ 0x55 for byte in range(256))
ADDED = "added.py"


class Target:
    """One file of a model, and what is needed to change it and to put it right."""

    def __init__(self, model, name):
        self.model = model
        self.path = os.path.join(model, name)
        self.file = os.path.realpath(self.path)
        self.link = os.readlink(self.path) if os.path.islink(self.path) else None
        self.scratch = f"{model}.scratch"
        os.makedirs(self.scratch, exist_ok=True)
        with open(self.file, "rb") as file:
            self.sound = file.read()
        self.other = self.sound.translate(OTHER)
        self.evil = os.path.join(self.scratch, "evil")
        self.twin = os.path.join(self.scratch, "twin")
        self.aside = os.path.join(self.scratch, "aside")
        self.swapped = None
        self.mapped = None

    def place(self, path, content):
        """Puts a file in the place of whatever is there, in one step."""
        fresh = os.path.join(self.scratch, "fresh")
        with open(fresh, "wb") as file:
            file.write(content)
        os.rename(fresh, path)

    def write_evil(self):
        with open(self.evil, "wb") as file:
            file.write(self.other)

    def write_twin(self, folder):
        """A copy of a folder, in which the file is another one."""
        shutil.rmtree(self.twin, ignore_errors=True)
        shutil.copytree(folder, self.twin, symlinks=True)
        within = self.file if self.file.startswith(folder + os.sep) else self.path
        changed = os.path.join(self.twin, os.path.relpath(within, folder))
        os.unlink(changed)
        with open(changed, "wb") as file:
            file.write(self.other)

    def swap(self, folder):
        os.rename(folder, self.aside)
        os.rename(self.twin, folder)
        self.swapped = folder

    def relink(self, target):
        fresh = os.path.join(self.scratch, "link")
        with contextlib.suppress(FileNotFoundError):
            os.unlink(fresh)
        os.symlink(target, fresh)
        os.rename(fresh, self.path)


def rewrite(target):
    with open(target.file, "r+b") as file:
        file.write(target.other)


def flip(target):
    """One byte, and the time of modification as before."""
    before = os.stat(target.file)
    with open(target.file, "r+b") as file:
        at = len(target.sound) // 2
        file.seek(at)
        file.write(target.other[at : at + 1])
    os.utime(target.file, ns=(before.st_atime_ns, before.st_mtime_ns))


def truncate(target):
    os.truncate(target.file, len(target.sound) // 2)


def extend(target):
    with open(target.file, "ab") as file:
        file.write(b"x")


def refill(target):
    with open(target.file, "wb") as file:
        file.write(target.other)


def replace(target):
    os.rename(target.evil, target.file)


def hard_link(target):
    fresh = os.path.join(target.scratch, "hard")
    with contextlib.suppress(FileNotFoundError):
        os.unlink(fresh)
    os.link(target.evil, fresh)
    os.rename(fresh, target.file)


def relink(target):
    """In a hub cache to another blob, which is where links of a snapshot may lead."""
    if target.link is None:
        target.relink(target.evil)
        return
    blob = os.path.join(os.path.dirname(target.file), "eeee")
    target.place(blob, target.other)
    target.relink(os.path.join(os.path.dirname(target.link), "eeee"))


def relink_out(target):
    target.relink(target.evil)


def swap_parent(target):
    target.swap(os.path.dirname(target.file))


def swap_model(target):
    target.swap(target.model)


def map_and_write(target):
    target.mapped[:] = target.other


def add(target):
    with open(os.path.join(target.model, ADDED), "wb") as file:
        file.write(b"import os")


def delete(target):
    os.unlink(target.path)


def pipe(target):
    os.unlink(target.path)
    os.mkfifo(target.path)


def folder(target):
    os.unlink(target.path)
    os.mkdir(target.path)


ATTACKS = {
    "rewrite": rewrite,
    "flip": flip,
    "truncate": truncate,
    "extend": extend,
    "refill": refill,
    "replace": replace,
    "hard-link": hard_link,
    "relink": relink,
    "relink-out": relink_out,
    "swap-parent": swap_parent,
    "swap-model": swap_model,
    "map-and-write": map_and_write,
    "add": add,
    "delete": delete,
    "pipe": pipe,
    "folder": folder,
}


def aim(attack, target):
    if attack in ("replace", "hard-link", "relink", "relink-out"):
        target.write_evil()
    if attack == "swap-parent":
        target.write_twin(os.path.dirname(target.file))
    if attack == "swap-model":
        target.write_twin(target.model)
    if attack == "map-and-write":
        with open(target.file, "r+b") as file:
            target.mapped = mmap.mmap(file.fileno(), 0)


def repair(target, chance):
    """The model as it was, by one way or another."""
    if target.swapped:
        os.rename(target.swapped, target.twin)
        os.rename(target.aside, target.swapped)
        target.swapped = None
    with contextlib.suppress(FileNotFoundError):
        os.unlink(os.path.join(target.model, ADDED))
    with contextlib.suppress(FileNotFoundError):
        kind = os.lstat(target.path).st_mode
        if stat.S_ISDIR(kind):
            os.rmdir(target.path)
    if target.link is not None and not (os.path.islink(target.path) and os.readlink(target.path) == target.link):
        target.relink(target.link)
    if target.mapped:
        target.mapped.close()
        target.mapped = None
    there = os.lstat(target.file) if os.path.lexists(target.file) else None
    if there and stat.S_ISREG(there.st_mode) and there.st_nlink == 1 and chance.random() < 0.5:
        with open(target.file, "r+b") as file:
            file.write(target.sound)
            file.truncate()
    else:
        target.place(target.file, target.sound)


def storm(seed, model, names):
    chance = random.Random(seed)
    targets = [Target(model, name) for name in names]
    parent = os.getppid()
    while os.getppid() == parent:
        target = chance.choice(targets)
        attack = chance.choice(sorted(ATTACKS))
        aim(attack, target)
        time.sleep(chance.random() * 0.002)
        ATTACKS[attack](target)
        time.sleep(chance.random() * 0.002)
        repair(target, chance)
        # So long that a load may find the model as it should be.
        time.sleep(chance.random() * 0.008)


def main():
    attack = target = None
    for line in sys.stdin:
        order, *words = line.rstrip("\n").split("\t")
        if order == "aim":
            attack, target = words[0], Target(words[1], words[2])
            aim(attack, target)
        elif order == "act":
            ATTACKS[attack](target)
        else:
            print("done", flush=True)
            storm(int(words[0]), words[1], words[2:])
        print("done", flush=True)


main()
