"""``weightlock.trust``: whose signature counts, and where."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Iterator

import weightlock
from frameworks.libraries import Attacked


class Trust(Attacked):
    def loads(self) -> str:
        try:
            with weightlock.verified(self.model):
                return "loaded"
        except weightlock.VerificationError as refused:
            return refused.code

    def in_thread(self, ask: Callable[[], str]) -> str:
        seen: list[str] = []
        thread = threading.Thread(target=lambda: seen.append(ask()))
        thread.start()
        thread.join()
        return seen[0]

    def test_it_holds_until_it_is_left_and_no_longer(self) -> None:
        self.assertEqual(self.loads(), "WL-CLI-NO-TRUST")
        with weightlock.trust(key=self.key):
            self.assertEqual(self.loads(), "loaded")
            self.assertEqual(self.in_thread(self.loads), "WL-CLI-NO-TRUST")
        self.assertEqual(self.loads(), "WL-CLI-NO-TRUST")

    def test_the_innermost_counts_and_an_argument_more(self) -> None:
        from support import program

        program("key", "generate", "--unencrypted", "other", cwd=self.folder)
        with weightlock.trust(key=self.folder / "other.pub"):
            self.assertEqual(self.loads(), "WL-SIG-KEY-MISMATCH")
            with weightlock.verified(self.model, key=self.key):
                pass
            with weightlock.trust(key=self.key):
                self.assertEqual(self.loads(), "loaded")
            self.assertEqual(self.loads(), "WL-SIG-KEY-MISMATCH")

    def test_of_the_process_it_holds_in_threads_until_it_is_withdrawn(self) -> None:
        held = weightlock.trust(key=self.key, everywhere=True)
        self.assertEqual(self.in_thread(self.loads), "loaded")
        held.withdraw()
        held.withdraw()
        self.assertEqual(self.in_thread(self.loads), "WL-CLI-NO-TRUST")

    def test_a_plain_call_holds_in_its_task_only(self) -> None:
        async def one() -> str:
            weightlock.trust(key=self.key)
            await asyncio.sleep(0)
            return self.loads()

        async def both() -> list[str]:
            async def other() -> str:
                await asyncio.sleep(0)
                return self.loads()

            return list(await asyncio.gather(one(), other()))

        self.assertEqual(asyncio.run(both()), ["loaded", "WL-CLI-NO-TRUST"])

    def test_a_name_keeps_its_meaning_when_the_folder_changes(self) -> None:
        before = os.getcwd()
        self.addCleanup(os.chdir, before)
        os.chdir(self.folder)
        with weightlock.trust(key="release.pub"):
            os.chdir("/")
            self.assertEqual(self.loads(), "loaded")

    def test_a_generator_may_be_closed_elsewhere(self) -> None:
        def loading() -> Iterator[str]:
            with weightlock.trust(key=self.key), weightlock.verified(self.model) as path:
                yield path

        running = loading()
        path = next(running)
        thread = threading.Thread(target=running.close)
        thread.start()
        thread.join()
        self.assertFalse(os.path.exists(path))
        self.assertEqual(self.loads(), "WL-CLI-NO-TRUST")

    def test_nothing_is_no_signer(self) -> None:
        for wrong in (
            {},
            {"key": None},
            {"certificate_chain": []},
            {"key": self.key, "certificate_chain": self.key},
            {"identity": "release@example.com"},
            {"identity_provider": "https://accounts.example.com"},
            {"trusted_root": "root.json"},
            {"key": self.key, "trusted_root": "root.json"},
            {"key": self.key, "identity": "release@example.com", "identity_provider": "https://accounts.example.com"},
        ):
            with self.assertRaises(TypeError):
                weightlock.trust(**wrong)
            with self.assertRaises(TypeError):
                weightlock.trust(**wrong, everywhere=True)
        self.assertEqual(self.loads(), "WL-CLI-NO-TRUST")
