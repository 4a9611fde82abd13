/* SPDX-License-Identifier: Apache-2.0 */
/* Counts calls of the system, and fails or ends the process at one of them. In LD_PRELOAD; set up
   by H2_CRASH_CALL (write, rename, fsync, open, malloc), H2_CRASH_AT (counted from 1; 0: count
   only), H2_CRASH_KIND (fail, short, kill) and H2_CRASH_COUNT, a file that takes the number of
   calls at the end of the process. Of the calls that name files only those count that write below
   H2_CRASH_FOLDER. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static const char* call;
static const char* folder;
static int fails, is_short, ready;
static long at, count;
static pid_t owner;

static const char* text(const char* name) {
  const char* value = getenv(name);
  return value == NULL ? "" : value;
}

__attribute__((constructor)) static void set_up(void) {
  call = text("H2_CRASH_CALL");
  folder = text("H2_CRASH_FOLDER");
  at = atol(text("H2_CRASH_AT"));
  is_short = strcmp(text("H2_CRASH_KIND"), "short") == 0;
  fails = is_short || strcmp(text("H2_CRASH_KIND"), "fail") == 0;
  owner = getpid();
  ready = 1;
}

__attribute__((destructor)) static void report(void) {
  const char* path = text("H2_CRASH_COUNT");
  if (path[0] == 0 || getpid() != owner) return;
  ready = 0;
  char number[32];
  const int bytes = snprintf(number, sizeof number, "%ld\n", count);
  const int file = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (file < 0) return;
  syscall(SYS_write, file, number, (size_t)bytes);
  syscall(SYS_close, file);
}

/* Whether this call is the one. */
static int struck(const char* name) {
  if (!ready || strcmp(name, call) != 0) return 0;
  if (__atomic_add_fetch(&count, 1, __ATOMIC_RELAXED) != at) return 0;
  if (!fails) syscall(SYS_kill, getpid(), SIGKILL);
  return 1;
}

static int below(const char* path) {
  char full[4096];
  if (!ready || path == NULL) return 0;
  if (path[0] != '/') {
    if (getcwd(full, sizeof full) == NULL) return 0;
    const size_t used = strlen(full);
    const int added = snprintf(full + used, sizeof full - used, "/%s", path);
    if (added < 0 || (size_t)added >= sizeof full - used) return 0;
    path = full;
  }
  return strncmp(path, folder, strlen(folder)) == 0;
}

static int is_below(int file) {
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  const ssize_t bytes = readlink(link, path, sizeof path - 1);
  if (bytes < 0) return 0;
  path[bytes] = 0;
  return below(path);
}

ssize_t write(int file, const void* data, size_t bytes) {
  if (ready && strcmp(call, "write") == 0 && is_below(file) && struck("write")) {
    if (!is_short || bytes < 2) {
      errno = ENOSPC;
      return -1;
    }
    bytes /= 2;
  }
  return syscall(SYS_write, file, data, bytes);
}

ssize_t writev(int file, const struct iovec* parts, int n) {
  if (ready && strcmp(call, "write") == 0 && is_below(file) && struck("write")) {
    if (!is_short || parts[0].iov_len < 2) {
      errno = ENOSPC;
      return -1;
    }
    return syscall(SYS_write, file, parts[0].iov_base, parts[0].iov_len / 2);
  }
  return syscall(SYS_writev, file, parts, n);
}

int rename(const char* from, const char* to) {
  if (below(to) && struck("rename")) {
    errno = ENOSPC;
    return -1;
  }
  return (int)syscall(SYS_rename, from, to);
}

int fsync(int file) {
  if (is_below(file) && struck("fsync")) {
    errno = EIO;
    return -1;
  }
  return (int)syscall(SYS_fsync, file);
}

static int opened(const char* path, int flags, mode_t mode) {
  if ((flags & (O_WRONLY | O_RDWR | O_CREAT)) != 0 && below(path) && struck("open")) {
    errno = EMFILE;
    return -1;
  }
  return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

int open(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  return opened(path, flags, mode);
}

int open64(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  return opened(path, flags | O_LARGEFILE, mode);
}

/* libstdc++ opens the files of its streams so. */
static FILE* stream(const char* name, const char* path, const char* mode) {
  static FILE* (*next[2])(const char*, const char*);
  const int wide = strcmp(name, "fopen64") == 0;
  if (next[wide] == NULL) *(void**)&next[wide] = dlsym(RTLD_NEXT, name);
  if (mode[0] != 'r' && below(path) && struck("open")) {
    errno = EMFILE;
    return NULL;
  }
  return next[wide](path, mode);
}
FILE* fopen(const char* path, const char* mode) { return stream("fopen", path, mode); }
FILE* fopen64(const char* path, const char* mode) { return stream("fopen64", path, mode); }

void* __libc_malloc(size_t bytes);
void* malloc(size_t bytes) {
  if (ready && call[0] == 'm' && struck("malloc")) {
    errno = ENOMEM;
    return NULL;
  }
  return __libc_malloc(bytes);
}
