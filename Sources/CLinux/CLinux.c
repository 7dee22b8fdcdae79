/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "CLinux.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

static_assert(sizeof(struct clinux_message) == sizeof(struct mmsghdr), "clinux_message mirrors mmsghdr");
static_assert(offsetof(struct clinux_message, length) == offsetof(struct mmsghdr, msg_len), "clinux_message mirrors mmsghdr");
static_assert(sizeof(struct clinux_credentials) == sizeof(struct ucred), "clinux_credentials mirrors ucred");
static_assert(offsetof(struct clinux_credentials, user) == offsetof(struct ucred, uid), "it mirrors ucred");

static int result(long value) { return value < 0 ? -errno : (int)value; }

int clinux_recvmmsg(int fd, struct clinux_message *messages, unsigned int count, int flags) {
    return result(recvmmsg(fd, (struct mmsghdr *)messages, count, flags, NULL));
}

int clinux_sendmmsg(int fd, struct clinux_message *messages, unsigned int count, int flags) {
    return result(sendmmsg(fd, (struct mmsghdr *)messages, count, flags));
}

int clinux_tun_attach(int fd, char name[16], int flags) {
    struct ifreq request = {0};
    memcpy(request.ifr_name, name, IFNAMSIZ - 1);
    request.ifr_flags = (short)flags;
    int status = ioctl(fd, TUNSETIFF, &request);
    if (status == 0) memcpy(name, request.ifr_name, IFNAMSIZ);
    return result(status);
}

int clinux_tun_flags(int fd) {
    struct ifreq request = {0};
    int status = ioctl(fd, TUNGETIFF, &request);
    return status < 0 ? -errno : (unsigned short)request.ifr_flags;
}

int clinux_tun_set_offload(int fd, unsigned int offloads) { return result(ioctl(fd, TUNSETOFFLOAD, offloads)); }

int clinux_tun_set_little_endian(int fd) {
    int on = 1;
    return result(ioctl(fd, TUNSETVNETLE, &on));
}

int clinux_buffer_output_by_line(void) { return setvbuf(stdout, NULL, _IOLBF, 0) == 0 ? 0 : -EINVAL; }

int clinux_flush_output(void) {
    if (fflush(stdout) != 0) return -errno;
    return ferror(stdout) == 0 ? 0 : -EIO;
}

int clinux_fork(void) { return result(fork()); }

int clinux_prctl(int option, unsigned long argument) { return result(prctl(option, argument, 0, 0, 0)); }

int clinux_landlock_version(void) { return result(syscall(SYS_landlock_create_ruleset, NULL, 0, 1)); }

int clinux_landlock_ruleset(uint64_t files, uint64_t network, uint64_t scopes, unsigned int size) {
    uint64_t attributes[3] = {files, network, scopes};
    return result(syscall(SYS_landlock_create_ruleset, attributes, (size_t)size, 0));
}

int clinux_landlock_allow(int ruleset, uint64_t files, int parent) {
    struct {
        uint64_t files;
        int32_t parent;
    } __attribute__((packed)) rule = {files, parent};
    return result(syscall(SYS_landlock_add_rule, ruleset, 1, &rule, 0));
}

int clinux_open_path(void) { return O_PATH; }

int clinux_landlock_restrict(int ruleset) { return result(syscall(SYS_landlock_restrict_self, ruleset, 0)); }

int clinux_set_ids(uid_t user, gid_t group) {
    if (setresgid(group, group, group) < 0) return -errno;
    return result(setresuid(user, user, user));
}

int clinux_close_range(unsigned int first, unsigned int last) { return result(syscall(SYS_close_range, first, last, 0)); }

int clinux_poll(struct pollfd *descriptors, unsigned int count, int timeout_milliseconds) {
    int ready;
    do ready = poll(descriptors, count, timeout_milliseconds);
    while (ready < 0 && errno == EINTR);
    return result(ready);
}

int clinux_open(const char *path, int flags, unsigned int mode) { return result(open(path, flags, mode)); }

int clinux_is_open(int fd) { return result(fcntl(fd, F_GETFD)); }

int clinux_duplicate(int fd) { return result(fcntl(fd, F_DUPFD_CLOEXEC, 0)); }

int clinux_pipe(int ends[2]) { return result(pipe2(ends, O_CLOEXEC)); }

int clinux_accept(int fd) { return result(accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)); }

int clinux_peer_credentials(int fd, struct clinux_credentials *credentials) {
    socklen_t size = sizeof *credentials;
    return result(getsockopt(fd, SOL_SOCKET, SO_PEERCRED, credentials, &size));
}

int clinux_memory(const char *name) { return result(memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING)); }

int clinux_add_seals(int fd, int seals) { return result(fcntl(fd, F_ADD_SEALS, seals)); }

int clinux_seals(int fd) { return result(fcntl(fd, F_GET_SEALS)); }

int clinux_name_thread(pthread_t thread, const char *name) { return -pthread_setname_np(thread, name); }

int clinux_schedule_batch(void) {
    const struct sched_param none = {0};
    if (sched_getscheduler(0) != SCHED_OTHER) return 0;
    return result(sched_setscheduler(0, SCHED_BATCH, &none));
}

int clinux_enter_network(int fd) { return result(setns(fd, CLONE_NEWNET)); }

int clinux_unshare_network(void) { return result(unshare(CLONE_NEWNET)); }

int clinux_mount_privately(const char *type, const char *place) {
    if (unshare(CLONE_NEWNS) < 0) return -errno;
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) return -errno;
    return result(mount(type, place, type, MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL));
}

int clinux_terminal_size(int fd) {
    struct winsize size = {0};
    if (ioctl(fd, TIOCGWINSZ, &size) < 0) return -errno;
    /* Wider than any screen: the sign stays out of it. */
    return (size.ws_col > 0x7fff ? 0x7fff : size.ws_col) << 16 | size.ws_row;
}
