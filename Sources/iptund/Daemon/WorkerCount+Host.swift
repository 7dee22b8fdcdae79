// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux

extension WorkerCount {
    /// How many these are on this host.
    var count: Int { count(processors: Environment.processorCount) }
}

extension TunnelSettings {
    /// What `ip tuntap add mode tun dev` would be told to make a device of this name.
    func tuntap(_ name: String) -> String { workers.count > 1 ? "\(name) multi_queue" : name }
}
