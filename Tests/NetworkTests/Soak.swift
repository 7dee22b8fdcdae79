// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Tests whose whole takes longer than twenty seconds do a part of it, with the same assertions; `make soak` does the whole.
enum Soak {
    static let isOn = unsafe getenv("IPTUND_SOAK") != nil
}
