// SPDX-License-Identifier: Apache-2.0

// What AddressSanitizer offers to those who manage memory themselves (compiler-rt, sanitizer/asan_interface.h).

#pragma once
#include <stddef.h>

void __asan_poison_memory_region(void const volatile *address, size_t size);
void __asan_unpoison_memory_region(void const volatile *address, size_t size);
