/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* How often the process has asked for memory since it started: malloc, calloc, realloc and the aligned ones. */
unsigned long allocations(void);

/* How much of what it has asked for it still has, octets, as the allocator rounds them. */
long allocated_octets(void);
