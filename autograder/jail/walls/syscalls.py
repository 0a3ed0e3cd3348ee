"""System calls by number: what a student's process may ask of the kernel.

``name=x86_64/aarch64``; one number where both agree, ``-`` where aarch64 has no such call. From the kernel's
``asm/unistd_64.h`` and ``asm-generic/unistd.h``.
"""

from __future__ import annotations

# Files by name are Landlock's business, and truncating one by name is not in its first versions: no `truncate` here.
# Nor links, devices, sockets, inotify, shared memory, processes, namespaces, keys, tracing, modules, io_uring.
# Nor sendmsg and sendmmsg: a file in a message on its way is nobody's, and nobody counts it.
# Nor what tells of the machine as a whole or of what others have read: statfs, sysinfo, mincore, cachestat.
_ALLOWED = """
    access=21/- alarm=37/- arch_prctl=158/- brk=12/214 capget=125/90 chdir=80/49 close=3/57
    copy_file_range=326/285 creat=85/- dup=32/23 dup2=33/- dup3=292/24 epoll_create=213/- epoll_create1=291/20
    epoll_ctl=233/21 epoll_pwait=281/22 epoll_pwait2=441 epoll_wait=232/- eventfd=284/- eventfd2=290/19 exit=60/93
    exit_group=231/94 faccessat=269/48 faccessat2=439 fallocate=285/47 fchdir=81/50 fgetxattr=193/10
    flistxattr=196/13 fstat=5/80 ftruncate=77/46 get_mempolicy=239/236 getcpu=309/168 getcwd=79/17
    getdents=78/- getdents64=217/61 getegid=108/177 geteuid=107/175 getgid=104/176 getgroups=115/158
    getitimer=36/102 getpeername=52/205 getpgrp=111/- getpid=39/172 getppid=110/173 getrandom=318/278
    getresgid=120/150 getresuid=118/148 getrlimit=97/163 getrusage=98/165 getsockname=51/204 getsockopt=55/209
    gettid=186/178 gettimeofday=96/169 getuid=102/174 getxattr=191/8 lgetxattr=192/9 listxattr=194/11
    llistxattr=195/12 lseek=8/62 lstat=6/- mbind=237/235 membarrier=324/283 mkdir=83/- mkdirat=258/34 mlock=149/228
    mlock2=325/284 mmap=9/222 mprotect=10/226 mremap=25/216 mseal=462 munlock=150/229 munmap=11/215
    nanosleep=35/101 newfstatat=262/79 pause=34/- pipe=22/- pipe2=293/59 pkey_alloc=330/289
    pkey_free=331/290 pkey_mprotect=329/288 poll=7/- ppoll=271/73 pread64=17/67 preadv=295/69 pselect6=270/72
    pwrite64=18/68 pwritev=296/70 read=0/63 readlink=89/- readlinkat=267/78 readv=19/65 recvfrom=45/207
    recvmmsg=299/243 recvmsg=47/212 rename=82/- renameat=264/38 renameat2=316/276 restart_syscall=219/128 rmdir=84/-
    rseq=334/293 rt_sigaction=13/134 rt_sigpending=127/136 rt_sigprocmask=14/135 rt_sigreturn=15/139
    rt_sigsuspend=130/133 rt_sigtimedwait=128/137 sched_get_priority_max=146/125 sched_get_priority_min=147/126
    sched_yield=24/124 select=23/- sendfile=40/71 sendto=44/206
    set_mempolicy=238/237 set_robust_list=273/99 set_tid_address=218/96 setitimer=38/103 setsockopt=54/208
    shutdown=48/210 sigaltstack=131/132 signalfd=282/- signalfd4=289/74 stat=4/- statx=332/291 time=201/-
    timer_delete=226/111 timer_getoverrun=225/109 timer_gettime=224/108 timer_settime=223/110 timerfd_create=283/85
    timerfd_gettime=287/87 timerfd_settime=286/86 times=100/153 uname=63/160 unlink=87/- unlinkat=263/35
    wait4=61/260 waitid=247/95 write=1/64 writev=20/66
"""

# Allowed for some arguments only; see seccomp.py.
_GUARDED = """
    clock_getres=229/114 clock_gettime=228/113 clock_nanosleep=230/115 clone3=435 clone=56/220 close_range=436
    fcntl=72/25 futex=202/98 getpgid=121/155 getpriority=140/141 getsid=124/156 ioctl=16/29 kill=62/129 madvise=28/233
    prctl=157/167 preadv2=327/286 prlimit64=302/261 pwritev2=328/287 sched_getaffinity=204/123 sched_getattr=315/275
    sched_getparam=143/121 sched_getscheduler=145/120 sched_rr_get_interval=148/127 sched_setaffinity=203/122
    sched_setattr=314/274 sched_setparam=142/118 sched_setscheduler=144/119 socketpair=53/199 tgkill=234/131
    open=2/- openat=257/56 timer_create=222/107
"""

# Metadata, which Landlock does not cover, advice about files that are everybody's, and locks on them: nothing happens
# and the caller is told that all went well, because `shutil.copy`, HDF5 and others cannot do without. Nor does anybody
# wait until their files have reached the disk: that would cost them nothing, and nothing of it is kept.
_IGNORED = """
    chmod=90/- chown=92/- fadvise64=221/223 fchmod=91/52 fchmodat2=452 fchmodat=268/53 fchown=93/55 fchownat=260/54
    fdatasync=75/83 fsync=74/82 msync=26/227
    flock=73/32 futimesat=261/- lchown=94/- readahead=187/213 sync_file_range=277/84 umask=95/166 utime=132/-
    utimensat=280/88 utimes=235/-
"""

MACHINES = ("x86_64", "aarch64")
NEWEST = 470  # later system calls did not exist when this table was written


def _parse(table: str, machine: str) -> dict[str, int]:
    numbers = {}
    for word in table.split():
        name, _, both = word.partition("=")
        number = (both.split("/") * 2)[MACHINES.index(machine)]
        if number != "-":
            numbers[name] = int(number)
    return numbers


def allowed(machine: str) -> dict[str, int]:
    """The calls that need no second look, by name."""
    return _parse(_ALLOWED, machine)


def guarded(machine: str) -> dict[str, int]:
    """The calls whose arguments are examined, by name."""
    return _parse(_GUARDED, machine)


def ignored(machine: str) -> dict[str, int]:
    """The calls that succeed without doing anything, by name."""
    return _parse(_IGNORED, machine)
