/* SPDX-License-Identifier: Apache-2.0 */
/* libnl: netlink sockets, messages and attributes; and the kernel's own numbers for links, addresses, neighbours,
 * routes, rules, IPsec policies and packet filters. */
#pragma once
#include <netlink/attr.h>
#include <netlink/errno.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>

#include <linux/fib_rules.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <linux/xfrm.h>
