// SPDX-License-Identifier: Apache-2.0

/// Whether there is a TUN driver to make a device with. A tunnel that runs has one.
package enum TUNMissing: Check {
    package static let id = "tun.missing"
    package static let why = "without the TUN driver there is no device that packets could be routed into"

    package static func judge(_ host: HostSnapshot) -> [Finding] {
        switch host.caller.driverProblem {
        case nil: [finding(.ok)]
        case _ where host.isEverythingUp: [finding(.info, ["it is missing for who asks, not for what runs"])]
        case .missing(let what): [finding(.broken, [what], fix: "modprobe tun")]
        case .forbidden(let what): [finding(.warning, [what], next: "run it as root")]
        }
    }
}

extension HostSnapshot {
    /// Whether all tunnels that were asked about run, so that nobody has to start anything.
    package var isEverythingUp: Bool { !tunnels.isEmpty && tunnels.allSatisfy(\.isUp) }
}

extension TunnelSnapshot {
    /// Whether it runs, whether it talks to us or not.
    package var isUp: Bool {
        switch standing {
        case .running, .hidden, .silent: true
        case .failed, .down: false
        }
    }
}
