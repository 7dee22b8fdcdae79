/* SPDX-License-Identifier: Apache-2.0 */
/* libcap: POSIX capabilities, securebits and the bounding set. */
#pragma once
#include <sys/types.h>
#include <stdint.h>
#include <sys/capability.h>
#include <linux/securebits.h>
