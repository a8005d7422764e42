/*
 * A disk that forgets: loaded before a process (LD_PRELOAD), it keeps a copy of each file as of its last fsync.
 *
 * Files in COUNTERSIGN_POWER_DATA behave as ever for the process itself. What it writes is also remembered, and goes
 * into the copy in COUNTERSIGN_POWER_SHADOW only when the file is synced. After a kill the campaign puts the copies in
 * place of the files: that is what a power cut would have left. A file that was never synced has no copy. Renames and
 * unlinks reach the copies at once; the shared memory of SQLite (-shm) has none. COUNTERSIGN_POWER_SYNC_US makes each
 * sync take that many microseconds, as a slow disk would. Writes are never reordered or torn, nor synced for real.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define MOST_DESCRIPTORS 65536
#define LONGEST 4096

/* Bytes at an offset, or with length -1 a cut of the file to that offset. */
struct change {
  struct change *next;
  off_t offset;
  ssize_t length;
  unsigned char bytes[];
};

struct file {
  struct file *next;
  dev_t device;
  ino_t inode;
  char shadow[LONGEST]; /* empty once the file is unlinked */
  struct change *first, **end;
};

static const char *data_directory, *shadow_directory;
static size_t data_length;
static useconds_t sync_time;
static struct file *files, *by_descriptor[MOST_DESCRIPTORS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* The libc's own functions, under the types they have. */
static int (*libc_open)(const char *, int, ...), (*libc_openat)(int, const char *, int, ...);
static int (*libc_close)(int), (*libc_fsync)(int), (*libc_fdatasync)(int);
static ssize_t (*libc_write)(int, const void *, size_t);
static ssize_t (*libc_writev)(int, const struct iovec *, int);
static ssize_t (*libc_pwrite)(int, const void *, size_t, off_t);
static int (*libc_ftruncate)(int, off_t), (*libc_unlink)(const char *);
static int (*libc_rename)(const char *, const char *), (*libc_link)(const char *, const char *);

static void fail(const char *what) { perror(what), abort(); }

__attribute__((constructor)) static void start(void) {
  libc_open = dlsym(RTLD_NEXT, "open64");
  libc_openat = dlsym(RTLD_NEXT, "openat64");
  libc_close = dlsym(RTLD_NEXT, "close");
  libc_fsync = dlsym(RTLD_NEXT, "fsync");
  libc_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
  libc_write = dlsym(RTLD_NEXT, "write");
  libc_writev = dlsym(RTLD_NEXT, "writev");
  libc_pwrite = dlsym(RTLD_NEXT, "pwrite64");
  libc_ftruncate = dlsym(RTLD_NEXT, "ftruncate64");
  libc_rename = dlsym(RTLD_NEXT, "rename");
  libc_link = dlsym(RTLD_NEXT, "link");
  libc_unlink = dlsym(RTLD_NEXT, "unlink");
  const char *time = getenv("COUNTERSIGN_POWER_SYNC_US");
  sync_time = time ? (useconds_t)atoi(time) : 0;
  shadow_directory = getenv("COUNTERSIGN_POWER_SHADOW");
  data_directory = getenv("COUNTERSIGN_POWER_DATA");
  data_length = data_directory ? strlen(data_directory) : 0;
}

/* Writes the name of the copy of `path`; false for a file outside the directory, below a folder in it, or of no interest. */
static int shadow_of(const char *path, char *shadow) {
  if (!data_directory || !shadow_directory || !path) return 0;
  if (strncmp(path, data_directory, data_length) != 0 || path[data_length] != '/') return 0;
  const char *name = path + data_length + 1;
  size_t length = strlen(name);
  if (length == 0 || strchr(name, '/') || (length > 4 && strcmp(name + length - 4, "-shm") == 0)) return 0;
  return snprintf(shadow, LONGEST, "%s/%s", shadow_directory, name) < LONGEST;
}

static void forget(struct file *file) {
  while (file->first) {
    struct change *change = file->first;
    file->first = change->next;
    free(change);
  }
  file->end = &file->first;
}

static void remember(struct file *file, off_t offset, ssize_t length, const void *bytes) {
  struct change *change = malloc(sizeof *change + (length > 0 ? (size_t)length : 0));
  if (!change) fail("power-loss shim: malloc");
  *change = (struct change){.offset = offset, .length = length};
  if (length > 0) memcpy(change->bytes, bytes, (size_t)length);
  *file->end = change;
  file->end = &change->next;
}

static struct file *tracked(int fd) {
  return fd >= 0 && fd < MOST_DESCRIPTORS ? by_descriptor[fd] : NULL;
}

static int opened(int fd, const char *path, int flags) {
  char shadow[LONGEST];
  struct stat status;
  if (fd < 0 || !shadow_of(path, shadow) || fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) return fd;
  if (fd >= MOST_DESCRIPTORS) fail("power-loss shim: too many descriptors");
  pthread_mutex_lock(&lock);
  struct file *file = files;
  while (file && !(file->shadow[0] && file->device == status.st_dev && file->inode == status.st_ino)) file = file->next;
  if (!file) {
    if (!(file = calloc(1, sizeof *file))) fail("power-loss shim: calloc");
    file->device = status.st_dev;
    file->inode = status.st_ino;
    file->end = &file->first;
    strcpy(file->shadow, shadow);
    file->next = files;
    files = file;
  }
  if (flags & O_TRUNC) remember(file, 0, -1, NULL);
  by_descriptor[fd] = file;
  pthread_mutex_unlock(&lock);
  return fd;
}

/* Everything remembered goes into the copy, in the order in which it was written. */
static int synced(int fd, int (*libc_sync)(int)) {
  struct file *file = tracked(fd);
  if (!file) return libc_sync(fd);
  if (sync_time > 0) usleep(sync_time);
  pthread_mutex_lock(&lock);
  int copy = file->shadow[0] ? libc_open(file->shadow, O_WRONLY | O_CREAT | O_CLOEXEC, 0600) : -1;
  if (file->shadow[0] && copy < 0) fail("power-loss shim: open");
  for (struct change *change = copy >= 0 ? file->first : NULL; change; change = change->next) {
    if (change->length < 0 ? libc_ftruncate(copy, change->offset) != 0
                           : libc_pwrite(copy, change->bytes, (size_t)change->length, change->offset) != change->length)
      fail("power-loss shim: write");
  }
  forget(file);
  if (copy >= 0) libc_close(copy);
  pthread_mutex_unlock(&lock);
  return 0;
}

static ssize_t wrote(int fd, off_t offset, const void *bytes, ssize_t length) {
  struct file *file = tracked(fd);
  if (!file || length <= 0) return length;
  pthread_mutex_lock(&lock);
  remember(file, offset, length, bytes);
  pthread_mutex_unlock(&lock);
  return length;
}

#define MODE_ARGUMENT(flags) \
  mode_t mode = 0; \
  va_list rest; \
  va_start(rest, flags); \
  if ((flags) & O_CREAT) mode = va_arg(rest, mode_t); \
  va_end(rest);

int open64(const char *path, int flags, ...) {
  MODE_ARGUMENT(flags)
  return opened(libc_open(path, flags, mode), path, flags);
}

int open(const char *path, int flags, ...) __attribute__((alias("open64")));

int openat(int directory, const char *path, int flags, ...) {
  MODE_ARGUMENT(flags)
  return opened(libc_openat(directory, path, flags, mode), path, flags);
}

int close(int fd) {
  if (fd >= 0 && fd < MOST_DESCRIPTORS) by_descriptor[fd] = NULL;
  return libc_close(fd);
}

ssize_t write(int fd, const void *bytes, size_t length) {
  ssize_t done = libc_write(fd, bytes, length);
  return tracked(fd) && done > 0 ? wrote(fd, lseek(fd, 0, SEEK_CUR) - done, bytes, done) : done;
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
  if (!tracked(fd)) return libc_writev(fd, parts, count);
  ssize_t all = 0;
  for (int at = 0; at < count; at++) {
    ssize_t done = write(fd, parts[at].iov_base, parts[at].iov_len);
    if (done < 0) return all > 0 ? all : done;
    all += done;
    if ((size_t)done < parts[at].iov_len) break;
  }
  return all;
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off_t offset) {
  return wrote(fd, offset, bytes, libc_pwrite(fd, bytes, length, offset));
}

int ftruncate64(int fd, off_t size) {
  int result = libc_ftruncate(fd, size);
  struct file *file = tracked(fd);
  if (result != 0 || !file) return result;
  pthread_mutex_lock(&lock);
  remember(file, size, -1, NULL);
  pthread_mutex_unlock(&lock);
  return result;
}

int fsync(int fd) { return synced(fd, libc_fsync); }
int fdatasync(int fd) { return synced(fd, libc_fdatasync); }

/* The file that has this copy gets another one, or with an empty name none. */
static void move_shadow(const char *from, const char *to) {
  pthread_mutex_lock(&lock);
  for (struct file *file = files; file; file = file->next) {
    if (strcmp(file->shadow, to) == 0) file->shadow[0] = '\0';
    if (strcmp(file->shadow, from) == 0) strcpy(file->shadow, to);
  }
  pthread_mutex_unlock(&lock);
}

int unlink(const char *path) {
  char shadow[LONGEST];
  int result = libc_unlink(path);
  if (result != 0 || !shadow_of(path, shadow)) return result;
  libc_unlink(shadow);
  move_shadow(shadow, "");
  return result;
}

/* The new name has the old one's copy; before the first sync it is there after the cut, and empty. */
static int named(int (*libc_name)(const char *, const char *), const char *from, const char *to) {
  char old[LONGEST], new[LONGEST];
  int result = libc_name(from, to);
  if (result != 0 || !shadow_of(from, old) || !shadow_of(to, new)) return result;
  if (libc_name(old, new) != 0) libc_close(libc_open(new, O_WRONLY | O_CREAT | O_TRUNC, 0600));
  move_shadow(old, new);
  return result;
}

int rename(const char *from, const char *to) { return named(libc_rename, from, to); }
int link(const char *from, const char *to) { return named(libc_link, from, to); }
