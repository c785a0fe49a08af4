/* Fails one storage call of a program, or all from one on: see faults.rs. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static long calls, fail_at, fail_on;
static int fail_with;
static const char *under, *count_file;

__attribute__((constructor)) static void begin(void) {
    const char *at = getenv("FAULT_AT"), *on = getenv("FAULT_FROM"), *with = getenv("FAULT_ERRNO");
    under = getenv("FAULT_UNDER");
    count_file = getenv("FAULT_COUNT");
    fail_at = at ? atol(at) : 0;
    fail_on = on ? atol(on) : 0;
    fail_with = with ? atoi(with) : EIO;
}

__attribute__((destructor)) static void end(void) {
    FILE *out = count_file ? fopen(count_file, "w") : NULL;
    if (out) {
        fprintf(out, "%ld", calls);
        fclose(out);
    }
}

static int fails(int fd) {
    char name[64], path[4096];
    int saved = errno;
    if (!under) return 0;
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(name, path, sizeof path - 1);
    errno = saved;
    if (length < 0) return 0;
    path[length] = 0;
    if (strncmp(path, under, strlen(under)) != 0) return 0;
    long n = __atomic_add_fetch(&calls, 1, __ATOMIC_SEQ_CST);
    if (n != fail_at && !(fail_on && n >= fail_on)) return 0;
    errno = fail_with;
    return 1;
}

#define REAL(name) \
    static __typeof__(&name) real; \
    if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

ssize_t write(int fd, const void *bytes, size_t n) {
    REAL(write);
    return fails(fd) ? -1 : real(fd, bytes, n);
}
ssize_t pwrite(int fd, const void *bytes, size_t n, off_t at) {
    REAL(pwrite);
    return fails(fd) ? -1 : real(fd, bytes, n, at);
}
ssize_t pwrite64(int fd, const void *bytes, size_t n, off64_t at) {
    REAL(pwrite64);
    return fails(fd) ? -1 : real(fd, bytes, n, at);
}
int fsync(int fd) {
    REAL(fsync);
    return fails(fd) ? -1 : real(fd);
}
int fdatasync(int fd) {
    REAL(fdatasync);
    return fails(fd) ? -1 : real(fd);
}
int ftruncate(int fd, off_t size) {
    REAL(ftruncate);
    return fails(fd) ? -1 : real(fd, size);
}
int ftruncate64(int fd, off64_t size) {
    REAL(ftruncate64);
    return fails(fd) ? -1 : real(fd, size);
}
