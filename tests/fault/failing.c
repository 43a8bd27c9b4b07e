/* A disk, and a clock, that can be made to fail: loaded before the C library of a server (LD_PRELOAD).
 *
 * What is synchronised of the files in FAULT_FOLDER is kept in FAULT_KEPT, by inode; what is synchronised of the
 * folder itself, its names, is kept in the file `names` there. Nothing else survives a power cut: the worst that a
 * disk may do, and more than most do.
 *
 * FAULT_PAGE is a file that the tests share with the server:
 *   room    bytes that may still be written into the folder; below 0 as many as one likes
 *   syncs   files that have been synchronised
 *   late    nanoseconds that the clock is ahead; the monotonic clock stays as it is
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

struct page { _Atomic int64_t room, syncs, late; };
#define SECOND 1000000000LL

static struct page *page;
static const char *folder, *kept;
static pthread_mutex_t one = PTHREAD_MUTEX_INITIALIZER;
static int (*real_fsync)(int);
static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static int (*real_clock)(clockid_t, struct timespec *);

__attribute__((constructor)) static void begin(void) {
    real_fsync = dlsym(RTLD_NEXT, "fsync");
    real_write = dlsym(RTLD_NEXT, "write");
    real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
    real_clock = dlsym(RTLD_NEXT, "clock_gettime");
    folder = getenv("FAULT_FOLDER");
    kept = getenv("FAULT_KEPT");
    const char *shared = getenv("FAULT_PAGE");
    int fd = shared ? open(shared, O_RDWR | O_CLOEXEC) : -1;
    void *there = fd < 0 ? MAP_FAILED : mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    page = there == MAP_FAILED ? NULL : there;
    if (fd >= 0) close(fd);
}

/* Whether a file of this kind lies in the folder, or is it. */
static int concerned(int fd, mode_t kind, struct stat *about) {
    char link[64], path[PATH_MAX];
    if (!page || !folder || fstat(fd, about) || (about->st_mode & S_IFMT) != kind) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    size_t whole = strlen(folder);
    return !strncmp(path, folder, whole) && (path[whole] == '/' || (path[whole] == 0 && kind == S_IFDIR));
}

static void keep_content(int fd, const struct stat *about) {
    static char block[1 << 20];
    char source[64], target[PATH_MAX];
    snprintf(source, sizeof source, "/proc/self/fd/%d", fd);
    snprintf(target, sizeof target, "%s/%llu", kept, (unsigned long long)about->st_ino);
    int in = open(source, O_RDONLY | O_CLOEXEC), out = open(target, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    off_t at = 0;
    for (ssize_t some; in >= 0 && out >= 0 && (some = pread(in, block, sizeof block, at)) > 0; at += some)
        if (real_pwrite(out, block, some, at) != some) abort();
    if (out < 0 || ftruncate(out, at)) abort();
    close(in);
    close(out);
}

static void keep_names(void) {
    char list[PATH_MAX], fresh[PATH_MAX];
    snprintf(list, sizeof list, "%s/names", kept);
    snprintf(fresh, sizeof fresh, "%s/names.new", kept);
    DIR *here = opendir(folder);
    FILE *out = fopen(fresh, "we");
    if (!here || !out) abort();
    for (struct dirent *each; (each = readdir(here));)
        if (each->d_type == DT_REG) fprintf(out, "%llu %s\n", (unsigned long long)each->d_ino, each->d_name);
    closedir(here);
    fclose(out);
    if (rename(fresh, list)) abort();
}

int fsync(int fd) {
    struct stat about;
    int file = concerned(fd, S_IFREG, &about), names = !file && concerned(fd, S_IFDIR, &about);
    if (file || names) {
        pthread_mutex_lock(&one);
        if (kept && file) keep_content(fd, &about);
        if (kept && names) keep_names();
        if (file) page->syncs++;
        pthread_mutex_unlock(&one);
    }
    return real_fsync(fd);
}

int fdatasync(int fd) { return fsync(fd); }

/* Take so many bytes from the room that is left; give how many there were. */
static size_t room_for(int fd, size_t wanted) {
    struct stat about;
    if (!page || page->room < 0 || !concerned(fd, S_IFREG, &about)) return wanted;
    pthread_mutex_lock(&one);
    size_t given = page->room < 0 || (int64_t)wanted < page->room ? wanted : (size_t)page->room;
    if (page->room >= 0) page->room -= given;
    pthread_mutex_unlock(&one);
    return given;
}

ssize_t write(int fd, const void *from, size_t count) {
    size_t given = room_for(fd, count);
    if (count && !given) { errno = ENOSPC; return -1; }
    return real_write(fd, from, given);
}

ssize_t pwrite64(int fd, const void *from, size_t count, off_t at) {
    size_t given = room_for(fd, count);
    if (count && !given) { errno = ENOSPC; return -1; }
    return real_pwrite(fd, from, given, at);
}

ssize_t pwrite(int fd, const void *from, size_t count, off_t at) { return pwrite64(fd, from, count, at); }

int clock_gettime(clockid_t which, struct timespec *now) {
    int answer = real_clock(which, now);
    if (!answer && page && (which == CLOCK_REALTIME || which == CLOCK_REALTIME_COARSE)) {
        int64_t all = now->tv_sec * SECOND + now->tv_nsec + page->late;
        now->tv_sec = all / SECOND;
        now->tv_nsec = all % SECOND;
    }
    return answer;
}

time_t time(time_t *also) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (also) *also = now.tv_sec;
    return now.tv_sec;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec exact;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &exact);
    now->tv_sec = exact.tv_sec;
    now->tv_usec = exact.tv_nsec / 1000;
    return 0;
}
