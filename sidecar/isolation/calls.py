"""Which calls to the kernel may be made.

A worker has those of an interpreter that computes, reads what Landlock lets it read, and talks over the one socket that
it was given; all others are denied, new ones too. A program in a box may be any; it has all but those that lead out of
the box.
"""

from __future__ import annotations

from collections.abc import Mapping

from sidecar.isolation.seccomp import ABSENT, ALLOW, DENY, IGNORE, Bits, Null, OneOf, Rule

_CLONE_THREAD = 0x00010000  # from <linux/sched.h>
_CLONE_NAMESPACES = 0x7E020080
_PR_SET_NAME, _PR_GET_NAME = 15, 16
_SOCKET_TYPE, _SOCK_STREAM = 0xF, 1  # from <linux/net.h>

_FILES = """
    read write readv writev pread64 pwrite64 preadv pwritev lseek close close_range
    open openat openat2 creat stat fstat lstat newfstatat statx statfs fstatfs access faccessat faccessat2
    readlink readlinkat getdents getdents64 mkdir mkdirat rmdir unlink unlinkat rename renameat renameat2
    link linkat symlink symlinkat truncate ftruncate fallocate fsync fdatasync sync_file_range fadvise64
    copy_file_range sendfile umask getcwd chdir fchdir dup dup2 dup3 pipe pipe2
"""
_WAITING = """
    poll ppoll select pselect6 epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2 eventfd2
    recvfrom shutdown getsockopt getsockname getpeername
    timerfd_create timerfd_settime timerfd_gettime alarm setitimer getitimer pause wait4 waitid
    timer_create timer_settime timer_gettime timer_getoverrun timer_delete clock_nanosleep nanosleep
"""
_MEMORY = "brk mmap munmap mprotect mremap madvise mincore membarrier mlock munlock msync"
_THREADS = """
    futex futex_waitv set_robust_list get_robust_list rseq set_tid_address sched_yield sched_getaffinity getcpu
    rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending rt_sigtimedwait rt_sigsuspend sigaltstack restart_syscall
    exit exit_group
"""
_WHO_AND_WHEN = """
    getpid getppid gettid getuid geteuid getgid getegid getgroups getresuid getresgid getpgid getpgrp getsid capget
    getpriority getrlimit setrlimit getrusage times sysinfo uname getrandom
    time gettimeofday clock_gettime clock_getres
"""


# In the place of the worker's own process id, until that is known: none is so high (PID_MAX_LIMIT is 2²²).
OWN_PID = 0x7FEDCBA9


def worker_rules() -> Mapping[str, Rule]:
    plain = " ".join((_FILES, _WAITING, _MEMORY, _THREADS, _WHO_AND_WHEN)).split()
    return dict.fromkeys(plain, ALLOW) | {
        "clone": Bits(0, _CLONE_THREAD, _CLONE_THREAD),  # a thread, no process
        "clone3": ABSENT,  # its flags are out of a filter's sight; the C library then uses clone
        "kill": OneOf(0, (OWN_PID,)),
        "tgkill": OneOf(0, (OWN_PID,)),
        "prlimit64": OneOf(0, (0, OWN_PID)),
        "prctl": OneOf(0, (_PR_SET_NAME, _PR_GET_NAME)),
        "sendto": Null(4),  # over what is connected
        "fcntl": OneOf(1, _FCNTL),
        "ioctl": OneOf(1, _IOCTL),
    }


# From <fcntl.h> and <asm-generic/ioctls.h>; not those that have the kernel send a signal to another process.
_FCNTL = (0, 1, 2, 3, 4, 5, 6, 7, 1030)  # F_DUPFD … F_SETLKW, F_DUPFD_CLOEXEC
_IOCTL = (0x5401, 0x5413, 0x5421, 0x541B, 0x5451, 0x5450)  # TCGETS, TIOCGWINSZ, FIONBIO, FIONREAD, FIOCLEX, FIONCLEX

_OUT_OF_THE_BOX = """
    socket connect bind listen accept accept4
    ptrace process_vm_readv process_vm_writev process_madvise kcmp pidfd_getfd
    mount umount2 mount_setattr move_mount open_tree fsopen fsmount fsconfig fspick pivot_root chroot unshare setns
    io_uring_setup io_uring_enter io_uring_register bpf perf_event_open userfaultfd
    keyctl add_key request_key init_module finit_module delete_module kexec_load kexec_file_load reboot swapon swapoff
    acct quotactl settimeofday clock_settime clock_adjtime adjtimex sethostname setdomainname syslog
    setxattr lsetxattr fsetxattr setxattrat removexattr lremovexattr fremovexattr removexattrat
    mknod mknodat name_to_handle_at open_by_handle_at fanotify_init
    setuid setgid setreuid setregid setresuid setresgid setfsuid setfsgid setgroups capset
    iopl ioperm vhangup
"""

# Landlock does not hold off these from files outside; programs like git and tar want them for their own.
_MODES_AND_TIMES = """
    chmod fchmod fchmodat fchmodat2 chown fchown lchown fchownat utime utimes futimesat utimensat
"""

PROGRAM_RULES: Mapping[str, Rule] = dict.fromkeys(_OUT_OF_THE_BOX.split(), DENY) | {
    **dict.fromkeys(_MODES_AND_TIMES.split(), IGNORE),
    "socketpair": Bits(1, _SOCKET_TYPE, _SOCK_STREAM),  # one of datagrams could send to any socket that has a path
    "clone": Bits(0, _CLONE_NAMESPACES),
    "clone3": ABSENT,
}
