/* SPDX-License-Identifier: Apache-2.0 */
/* What Swift cannot import: variadic calls (ioctl, prctl), calls behind _GNU_SOURCE, and calls that Swift marks
 * unavailable (fork). Every function returns a value >= 0 or -errno; none of them decides, stores or logs anything. */
#pragma once
#include <time.h>

#include <linux/errqueue.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <malloc.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <spawn.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/types.h>

/* Offloads of Linux 6.2, which the headers of Debian 12 do not know. */
#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

/* Of ip(7): the protocol of a packet that a raw socket writes the header of, of Linux 6.4. */
#ifndef IP_PROTOCOL
#define IP_PROTOCOL 52
#endif
/* Of the kernel's own header: look for a way, and send nothing. */
#ifndef MSG_PROBE
#define MSG_PROBE 0x10
#endif

/* Of fcntl(2), which only has them behind _GNU_SOURCE. */
#ifndef F_SEAL_SEAL
#define F_SEAL_SEAL 0x1
#define F_SEAL_SHRINK 0x2
#define F_SEAL_GROW 0x4
#define F_SEAL_WRITE 0x8
#endif

/* The layout of struct mmsghdr, which only exists behind _GNU_SOURCE (asserted in CLinux.c). */
struct clinux_message {
    struct msghdr header;
    unsigned int length;
};

/* recvmmsg(2): messages received, or -errno. GNU only. */
int clinux_recvmmsg(int fd, struct clinux_message *messages, unsigned int count, int flags);
/* sendmmsg(2): messages sent, or -errno of the first. GNU only. */
int clinux_sendmmsg(int fd, struct clinux_message *messages, unsigned int count, int flags);

/* TUNSETIFF: attaches fd to the device `name` (created if absent), whose name comes back in `name`. ioctl is variadic. */
int clinux_tun_attach(int fd, char name[16], int flags);
/* TUNGETIFF: the flags of the attached device. ioctl is variadic. */
int clinux_tun_flags(int fd);
/* TUNSETOFFLOAD. ioctl is variadic. */
int clinux_tun_set_offload(int fd, unsigned int offloads);
/* TUNSETVNETLE: vnet headers are little-endian whatever the machine is. ioctl is variadic. */
int clinux_tun_set_little_endian(int fd);

/* setvbuf(3): standard output goes out line by line, into a pipe too. Swift refuses the mutable global `stdout`. */
int clinux_buffer_output_by_line(void);
/* fflush(3) and ferror(3): 0 if all of standard output has been written. Swift refuses the mutable global `stdout`. */
int clinux_flush_output(void);
/* fork(2): marked unavailable in Swift. Only for a process that has one thread. */
int clinux_fork(void);
/* prctl(2) with two arguments: variadic. */
int clinux_prctl(int option, unsigned long argument);
/* landlock_create_ruleset(2) for the version of the interface: without a wrapper in the C library. */
int clinux_landlock_version(void);
/* The same for a set without any rule: the file, network and scope rights that it takes; `size` octets of the struct are
 * known to the kernel. Returns its descriptor. */
int clinux_landlock_ruleset(uint64_t files, uint64_t network, uint64_t scopes, unsigned int size);
/* landlock_add_rule(2): these rights beneath what the descriptor is opened at (O_PATH). */
int clinux_landlock_allow(int ruleset, uint64_t files, int parent);
/* O_PATH: GNU only. */
int clinux_open_path(void);
/* landlock_restrict_self(2): without a wrapper. */
int clinux_landlock_restrict(int ruleset);
/* setresgid(2), setresuid(2): GNU only. */
int clinux_set_ids(uid_t user, gid_t group);
/* close_range(2): GNU only. */
int clinux_close_range(unsigned int first, unsigned int last);
/* ppoll(2) would be GNU only; poll(2) is enough: ready descriptors or -errno, EINTR retried. */
int clinux_poll(struct pollfd *descriptors, unsigned int count, int timeout_milliseconds);
/* open(2) with a mode: variadic. */
int clinux_open(const char *path, int flags, unsigned int mode);
/* fcntl(F_GETFD): whether a number is that of an open file. Variadic. */
int clinux_is_open(int fd);
/* fcntl(F_DUPFD_CLOEXEC): variadic. */
int clinux_duplicate(int fd);
/* pipe2(2), closed on exec: GNU only. */
int clinux_pipe(int ends[2]);
/* accept4(2), non-blocking and closed on exec: GNU only. */
int clinux_accept(int fd);
/* The layout of struct ucred, which only exists behind _GNU_SOURCE (asserted in CLinux.c). */
struct clinux_credentials {
    pid_t process;
    uid_t user;
    gid_t group;
};

/* SO_PEERCRED: who connected. Its struct ucred is GNU only. */
int clinux_peer_credentials(int fd, struct clinux_credentials *credentials);
/* memfd_create(2), closed on exec, open to seals: GNU only. */
int clinux_memory(const char *name);
/* fcntl(F_ADD_SEALS): variadic. */
int clinux_add_seals(int fd, int seals);
/* fcntl(F_GET_SEALS): the seals. Variadic. */
int clinux_seals(int fd);
/* pthread_setname_np(3): GNU only. */
int clinux_name_thread(pthread_t thread, const char *name);
/* sched_setscheduler(2) of the calling thread from SCHED_OTHER to SCHED_BATCH: GNU only. */
int clinux_schedule_batch(void);
/* setns(2): moves the calling thread to the network namespace that fd refers to. GNU only. */
int clinux_enter_network(int fd);
/* unshare(2) of the network: the calling thread gets a network namespace of its own. GNU only. */
int clinux_unshare_network(void);
/* unshare(2) of the mounts, then mount(2) of a file system that needs no device: only the calling thread sees it. GNU only.
 */
int clinux_mount_privately(const char *type, const char *place);
/* TIOCGWINSZ: columns * 65536 + rows of a terminal. ioctl is variadic. */
int clinux_terminal_size(int fd);
