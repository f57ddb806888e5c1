//! Bounded windows of a file mapped into memory, and the guard that turns a shrinking file into an error.
//!
//! A mapping saves the copy that `read` makes, but touching a page behind the end of a file that somebody
//! truncated raises SIGBUS, which ends the process. The guard is a signal handler: when the address lies in a
//! window it puts zero pages over that window, marks it, and lets the thread go on. The owner asks
//! [`Window::intact`] after its last use of the bytes and throws away everything computed from them if the
//! answer is no. Every other SIGBUS goes to the handler that was installed before.
//!
//! The windows are in a fixed table of atomic words and not in thread-local storage: the handler may run on a
//! thread that never used a window, where touching thread-local storage of a shared library could allocate. An
//! entry is one word (address and length together), so the handler can never see half of a change.
//!
//! Only for verifying: a mapping is not a private copy, and another process may change it at any time. That
//! cannot turn a changed file into a matching digest unless the right bytes were there when they were hashed,
//! which is all that reading the file could show too.
#![expect(unsafe_code, reason = "memory mappings and a signal handler")]

use std::{
    ffi::{c_int, c_void},
    fs::File,
    io,
    ops::Range,
    ptr,
    sync::{
        OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
};

use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap, munmap};

/// Windows that exist at once; a request beyond them is answered with "read instead".
///
/// Enough for 64 workers with 16 lanes each.
const WINDOWS: usize = 1024;

/// The largest window, so that its length in pages fits beside its address in one word.
const LARGEST: usize = 64 << 20;

/// Addresses and lengths are kept in units of 4 KiB, which divides the page size of every platform.
const UNIT_BITS: u32 = 12;
const LENGTH_BITS: u32 = 19;

static TABLE: [Slot; WINDOWS] = [const { Slot::new() }; WINDOWS];
static PREVIOUS: OnceLock<Option<libc::sigaction>> = OnceLock::new();

/// Whether windows may be used now: the handler is installed, still ours, and not blocked in this thread.
///
/// Where another library replaced the handler or the signal is blocked, a shrinking file would end the process;
/// the caller then reads instead.
pub(super) fn guarded() -> bool {
    PREVIOUS.get_or_init(install).is_some() && handler_is_ours() && !signal_is_blocked()
}

/// Whether this file's system keeps its pages here, so that a mapping cannot hang or fail halfway on a network.
pub(super) fn local(file: &File) -> bool {
    /// ext2/3/4, XFS, Btrfs, tmpfs, ramfs, overlay, F2FS, ZFS, bcachefs, SquashFS, EROFS, ISO 9660.
    const LOCAL: [u32; 12] = [
        0xef53,
        0x5846_5342,
        0x9123_683e,
        0x0102_1994,
        0x8584_58f6,
        0x794c_7630,
        0xf2f5_2010,
        0x2fc1_2fc1,
        0xca45_1a4e,
        0x7371_7368,
        0xe0f5_e1e2,
        0x9660,
    ];
    rustix::fs::fstatfs(file).is_ok_and(|system| {
        LOCAL
            .iter()
            .any(|magic| i128::from(*magic) == i128::from(system.f_type))
    })
}

/// A part of a file, mapped read-only.
#[derive(Debug)]
pub(super) struct Window {
    start: *mut c_void,
    mapped: usize,
    skip: usize,
    length: usize,
    slot: &'static Slot,
}

// SAFETY: the mapping belongs to this value alone and is only read; the table entry is atomic.
unsafe impl Send for Window {}

impl Window {
    /// Maps a range of a file.
    ///
    /// `None` when no window can be had (table full, range empty or too large, mapping refused): read instead.
    pub(super) fn map(file: &File, range: Range<u64>) -> Option<Self> {
        let page = rustix::param::page_size();
        let skip = usize::try_from(range.start % page as u64).ok()?;
        let length = usize::try_from(range.end.checked_sub(range.start)?).ok()?;
        let mapped = length.checked_add(skip)?.next_multiple_of(page);
        if length == 0 || mapped > LARGEST {
            return None;
        }
        let slot = TABLE.iter().find(|slot| slot.claim())?;
        // SAFETY: a new mapping at an address of the kernel's choice; nobody else knows it.
        let start = unsafe {
            mmap(
                ptr::null_mut(),
                mapped,
                ProtFlags::READ,
                MapFlags::SHARED,
                file,
                range.start - skip as u64,
            )
        };
        let Ok(start) = start else {
            slot.release();
            return None;
        };
        slot.arm(start.expose_provenance(), mapped);
        Some(Self {
            start,
            mapped,
            skip,
            length,
            slot,
        })
    }

    /// Gets all pages now, so that another thread meets no faults. A failure is left to the guard.
    ///
    /// In the thread that hashes, the faults themselves are cheaper: the kernel serves sixteen pages with each.
    pub(super) fn populate(&self) {
        // SAFETY: the range is this value's own mapping, and the advice changes no content.
        let _: rustix::io::Result<()> =
            unsafe { madvise(self.start, self.mapped, Advice::LinuxPopulateRead) };
    }

    /// The bytes; meaningful only if the window is still [intact](Self::intact) after they were used.
    pub(super) fn bytes(&self) -> &[u8] {
        // SAFETY: `skip + length` bytes are mapped and readable until `drop`: where the file ended early the
        // handler puts zero pages. Another process can change them meanwhile; they are only ever fed to hash
        // functions, which read each byte as a number and take no decision on it.
        unsafe { std::slice::from_raw_parts(self.start.cast::<u8>().add(self.skip), self.length) }
    }

    /// Whether no access to the window has failed so far.
    pub(super) fn intact(&self) -> bool {
        !self.slot.failed.load(SeqCst)
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        // Disarmed first: the handler must not put pages where the kernel may have mapped something else.
        self.slot.disarm();
        // SAFETY: this value's own mapping, which nothing borrows any more.
        let unmapped = unsafe { munmap(self.start, self.mapped) };
        debug_assert!(unmapped.is_ok(), "the range was mapped by this value");
        self.slot.release();
    }
}

/// An entry of the table.
#[derive(Debug)]
struct Slot {
    claimed: AtomicBool,
    failed: AtomicBool,
    /// Start and length in units, or zero while there is no mapping.
    extent: AtomicU64,
}

impl Slot {
    const fn new() -> Self {
        Self {
            claimed: AtomicBool::new(false),
            failed: AtomicBool::new(false),
            extent: AtomicU64::new(0),
        }
    }

    fn claim(&self) -> bool {
        !self.claimed.load(SeqCst) && self.claimed.compare_exchange(false, true, SeqCst, SeqCst).is_ok()
    }

    fn release(&self) {
        self.claimed.store(false, SeqCst);
    }

    fn arm(&self, start: usize, length: usize) {
        self.failed.store(false, SeqCst);
        let (start, length) = (start as u64 >> UNIT_BITS, length as u64 >> UNIT_BITS);
        self.extent.store(start << LENGTH_BITS | length, SeqCst);
    }

    fn disarm(&self) {
        self.extent.store(0, SeqCst);
    }

    /// The armed address range that holds `address`.
    fn covering(&self, address: usize) -> Option<Range<usize>> {
        let extent = self.extent.load(SeqCst);
        let start = usize::try_from(extent >> LENGTH_BITS << UNIT_BITS).ok()?;
        let length = usize::try_from((extent & ((1 << LENGTH_BITS) - 1)) << UNIT_BITS).ok()?;
        let range = start..start.checked_add(length)?;
        range.contains(&address).then_some(range)
    }
}

/// Remembers the handler of before and installs ours; `None` when the system refuses.
fn install() -> Option<libc::sigaction> {
    let previous = current_handler()?;
    // SAFETY: all fields of `sigaction` may be zero; the handler has the type that SA_SIGINFO asks for and does
    // only what a signal handler may.
    let installed = unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = on_bus_error as *const () as usize;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
        libc::sigaction(libc::SIGBUS, &raw const action, ptr::null_mut())
    };
    (installed == 0).then_some(previous)
}

fn current_handler() -> Option<libc::sigaction> {
    // SAFETY: only asks; all fields of `sigaction` may be zero.
    unsafe {
        let mut current: libc::sigaction = std::mem::zeroed();
        (libc::sigaction(libc::SIGBUS, ptr::null(), &raw mut current) == 0).then_some(current)
    }
}

fn handler_is_ours() -> bool {
    current_handler().is_some_and(|current| current.sa_sigaction == on_bus_error as *const () as usize)
}

fn signal_is_blocked() -> bool {
    // SAFETY: only asks for the mask of this thread.
    unsafe {
        let mut mask: libc::sigset_t = std::mem::zeroed();
        libc::pthread_sigmask(libc::SIG_SETMASK, ptr::null(), &raw mut mask) != 0
            || libc::sigismember(&raw const mask, libc::SIGBUS) != 0
    }
}

/// The handler: only loads and stores of atomics, system calls, and the handler of before.
extern "C" fn on_bus_error(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: the kernel passes a valid `info`; the address is only meaningful for its own codes, which are
    // positive (anybody may send the signal with others).
    let fault = unsafe { ((*info).si_code > 0).then(|| (*info).si_addr().addr()) };
    if !fault.is_some_and(cover) {
        // SAFETY: the arguments are the kernel's.
        unsafe { pass_on(signal, info, context) };
    }
}

/// Puts zero pages over the window that holds `address`; false when there is none, or that failed.
fn cover(address: usize) -> bool {
    let Some((slot, range)) = TABLE
        .iter()
        .find_map(|slot| Some((slot, slot.covering(address)?)))
    else {
        return false;
    };
    // Marked before the zeros become readable.
    slot.failed.store(true, SeqCst);
    // SAFETY: the range is the window's own mapping, alive because its thread is faulting in it; the bytes stay
    // readable. `errno` is the interrupted code's and is put back.
    unsafe {
        let errno = libc::__errno_location();
        let saved = *errno;
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED;
        let start = ptr::with_exposed_provenance_mut(range.start);
        let pages = libc::mmap(start, range.len(), libc::PROT_READ, flags, -1, 0);
        *errno = saved;
        pages != libc::MAP_FAILED
    }
}

/// Does what would have happened without the guard.
///
/// # Safety
/// Only inside the handler, with the handler's own arguments.
unsafe fn pass_on(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    let previous = PREVIOUS.get().copied().flatten();
    let (handler, flags) = previous.map_or((libc::SIG_DFL, 0), |action| {
        (action.sa_sigaction, action.sa_flags)
    });
    // SAFETY: a handler that is neither default nor ignore is a function of the type that its flag says.
    unsafe {
        let sent = (*info).si_code <= 0;
        match handler {
            libc::SIG_IGN if sent => {}
            libc::SIG_DFL | libc::SIG_IGN => {
                // A fault repeats itself after the return and then ends the process; a sent signal must be resent.
                libc::signal(signal, libc::SIG_DFL);
                if sent {
                    libc::raise(signal);
                }
            }
            _ if flags & libc::SA_SIGINFO != 0 => {
                let handler: extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void) =
                    std::mem::transmute(handler);
                handler(signal, info, context);
            }
            _ => {
                let handler: extern "C" fn(c_int) = std::mem::transmute(handler);
                handler(signal);
            }
        }
    }
}

/// Why a window failed: the error that reading the same bytes gives, if it gives one.
pub(super) fn reason(file: &File, range: Range<u64>) -> Option<io::Error> {
    use std::os::unix::fs::FileExt;
    let mut page = vec![0; 4096];
    let mut offset = range.start;
    while offset < range.end {
        match file.read_at(&mut page, offset) {
            Ok(0) => return None,
            Ok(read) => offset += read as u64,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Some(error),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::os::unix::{fs::FileExt as _, process::ExitStatusExt as _};

    use super::*;

    const CHILD: &str = "WEIGHTLOCK_TEST_CHILD";

    fn file(pages: u64) -> File {
        let file = tempfile::tempfile().unwrap();
        let content: Vec<u8> = (0..pages * 4096).map(|at| (at % 251) as u8 + 1).collect();
        file.write_all_at(&content, 0).unwrap();
        file
    }

    #[test]
    fn windows_show_the_bytes_of_the_file() {
        assert!(guarded());
        let file = file(8);
        for range in [0..1, 0..8 * 4096, 5..6, 4095..4097, 4096..8192, 20_000..32_768] {
            let window = Window::map(&file, range.clone()).unwrap();
            let expected: Vec<u8> = range.map(|at| (at % 251) as u8 + 1).collect();
            assert_eq!(window.bytes(), expected);
            assert!(window.intact());
        }
    }

    #[test]
    fn refuses_what_cannot_be_a_window() {
        let file = file(1);
        assert!(Window::map(&file, 0..0).is_none());
        #[expect(clippy::reversed_empty_ranges, reason = "that is what must be refused")]
        let reversed = 5..3;
        assert!(Window::map(&file, reversed).is_none());
        assert!(Window::map(&file, 0..LARGEST as u64 + 1).is_none());
        let (reader, _writer) = io::pipe().unwrap();
        let pipe = File::from(std::os::fd::OwnedFd::from(reader));
        assert!(Window::map(&pipe, 0..10).is_none());
    }

    #[test]
    fn a_truncated_file_marks_the_windows_that_miss_bytes() {
        assert!(guarded());
        let file = file(64);
        let kept = Window::map(&file, 0..8192).unwrap();
        let lost = Window::map(&file, 8192..64 * 4096).unwrap();
        lost.populate();
        assert_eq!(lost.bytes()[0], (8192 % 251) as u8 + 1);
        file.set_len(8192).unwrap();
        lost.populate();
        assert!(lost.intact(), "nothing was missed yet");
        std::thread::scope(|scope| {
            let bytes = lost.bytes();
            scope.spawn(move || assert!(bytes.iter().all(|byte| *byte == 0)));
        });
        assert!(!lost.intact());
        assert_eq!(kept.bytes()[8191], (8191 % 251) as u8 + 1);
        assert!(kept.intact());
        assert!(
            reason(&file, 8192..64 * 4096).is_none(),
            "the file is short, but can be read"
        );
        drop(lost);
        let reused = Window::map(&file, 0..4096).unwrap();
        assert!(reused.intact(), "an entry that is used again starts anew");
    }

    #[test]
    fn many_threads_at_once() {
        assert!(guarded());
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let file = file(4);
                        let window = Window::map(&file, 0..4 * 4096).unwrap();
                        file.set_len(4096).unwrap();
                        assert_eq!(window.bytes()[4096], 0);
                        assert!(!window.intact());
                    }
                });
            }
        });
    }

    #[test]
    fn more_windows_than_entries_are_refused() {
        if !in_child("digest::mapped::tests::more_windows_than_entries_are_refused") {
            return;
        }
        let file = file(1);
        let windows: Vec<Window> = (0..WINDOWS).map(|_| Window::map(&file, 0..1).unwrap()).collect();
        assert!(Window::map(&file, 0..1).is_none());
        drop(windows);
        assert!(Window::map(&file, 0..1).is_some());
    }

    #[test]
    fn another_handler_in_our_place_means_no_windows() {
        if !in_child("digest::mapped::tests::another_handler_in_our_place_means_no_windows") {
            return;
        }
        assert!(guarded());
        // SAFETY: the default action is a valid handler.
        unsafe { libc::signal(libc::SIGBUS, libc::SIG_DFL) };
        assert!(!guarded());
    }

    /// A fault outside of all windows ends the process; every other SIGBUS gets to the handler of before.
    #[test]
    fn other_bus_errors_are_passed_on() {
        let name = "digest::mapped::tests::other_bus_errors_are_passed_on";
        match std::env::var(CHILD).as_deref() {
            Ok("fault") => {
                assert!(guarded());
                let file = file(2);
                // SAFETY: a mapping without a window; touching it after the truncation must end the process.
                unsafe {
                    let start =
                        mmap(ptr::null_mut(), 8192, ProtFlags::READ, MapFlags::SHARED, &file, 0).unwrap();
                    file.set_len(0).unwrap();
                    start.cast::<u8>().read_volatile();
                }
                panic!("survived");
            }
            Ok("sent") => {
                assert!(guarded());
                // SAFETY: sends a signal to this process.
                unsafe { libc::raise(libc::SIGBUS) };
                assert!(
                    !guarded(),
                    "the standard library's handler puts the default action in place"
                );
            }
            _ => {
                assert_eq!(child(name, "fault").status.signal(), Some(libc::SIGBUS));
                assert!(child(name, "sent").status.success());
            }
        }
    }

    /// Runs a test again in a process of its own, because it changes what belongs to the whole process.
    fn in_child(name: &str) -> bool {
        if std::env::var_os(CHILD).is_some() {
            return true;
        }
        let output = child(name, "yes");
        let report = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && report.contains("1 passed"), "{report}");
        false
    }

    fn child(name: &str, kind: &str) -> std::process::Output {
        let test = std::env::current_exe().unwrap();
        std::process::Command::new(test)
            .args([name, "--exact"])
            .env(CHILD, kind)
            .output()
            .unwrap()
    }

    /// A page that a program changed through a mapping can be changed again without touching the file's times.
    #[test]
    fn the_cache_notices_a_writer_that_holds_a_changed_page() {
        use crate::{
            cache::{DigestCache, settle},
            digest::Algorithm,
            inventory::Stamp,
        };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("w.bin");
        std::fs::write(&path, "weights").unwrap();
        let file = File::options().read(true).write(true).open(&path).unwrap();
        let both = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: a new mapping of one page, unmapped below; the file is not shortened meanwhile.
        let page = unsafe { mmap(ptr::null_mut(), 7, both, MapFlags::SHARED, &file, 0) }.unwrap();
        let write = |byte: u8| {
            // SAFETY: the first byte of the mapping.
            unsafe { page.cast::<u8>().write_volatile(byte) };
        };
        write(b'w');
        let stamp = Stamp::of(&file).unwrap();
        let mut cache = DigestCache::open(&folder.path().join("cache"), || i128::MAX / 2).unwrap();
        if settle(&file) {
            cache.remember(&file, stamp, Algorithm::Sha256.digest(b"weights"));
            assert!(cache.find(&stamp).is_some(), "it was there to be believed");
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
        write(b'X');
        assert_eq!(std::fs::read(&path).unwrap(), b"Xeights");
        assert_eq!(cache.find(&Stamp::of(&file).unwrap()), None);
        // SAFETY: the mapping of above.
        unsafe { munmap(page, 7) }.unwrap();
    }
}
