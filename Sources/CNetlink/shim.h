/* SPDX-License-Identifier: Apache-2.0 */
/* libnl-route-3: the kernel's routing sockets, spoken by a library that the field has trusted for twenty years. */
#pragma once
#include <netlink/netlink.h>
#include <netlink/msg.h>
#include <netlink/attr.h>
#include <netlink/errno.h>
#include <netlink/cache.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/link/inet6.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/route.h>
#include <linux/rtnetlink.h>
#include <linux/if_link.h>
#include <linux/if.h>
