// SPDX-License-Identifier: Apache-2.0

/// What of a tunnel is watched.
struct MonitorParts: OptionSet {
    let rawValue: UInt8

    static let peers = MonitorParts(rawValue: 1)
    static let drops = MonitorParts(rawValue: 2)
}
