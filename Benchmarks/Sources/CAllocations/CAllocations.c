/* SPDX-License-Identifier: Apache-2.0 */
/* Stands in front of glibc's allocator and counts. The program's own symbols win over the library's. */
#include "CAllocations.h"
#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stddef.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void *memory);

static atomic_ulong count;
static atomic_long octets;

unsigned long allocations(void) { return atomic_load_explicit(&count, memory_order_relaxed); }

long allocated_octets(void) { return atomic_load_explicit(&octets, memory_order_relaxed); }

static void *note(void *memory) {
    atomic_fetch_add_explicit(&count, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&octets, (long)malloc_usable_size(memory), memory_order_relaxed);
    return memory;
}

static void forget(void *memory) {
    atomic_fetch_sub_explicit(&octets, (long)malloc_usable_size(memory), memory_order_relaxed);
}

void *malloc(size_t size) { return note(__libc_malloc(size)); }

void *calloc(size_t number, size_t size) { return note(__libc_calloc(number, size)); }

/* A failure leaves the old memory, which is then missing from the octets: whoever benchmarks has memory. */
void *realloc(void *memory, size_t size) {
    forget(memory);
    return note(__libc_realloc(memory, size));
}

void *aligned_alloc(size_t alignment, size_t size) { return note(__libc_memalign(alignment, size)); }

int posix_memalign(void **memory, size_t alignment, size_t size) {
    *memory = note(__libc_memalign(alignment, size));
    return *memory ? 0 : ENOMEM;
}

void free(void *memory) {
    forget(memory);
    __libc_free(memory);
}
