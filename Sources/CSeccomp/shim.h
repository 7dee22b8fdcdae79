/* SPDX-License-Identifier: Apache-2.0 */
/* libseccomp: filters of system calls. */
#pragma once
#include <seccomp.h>
