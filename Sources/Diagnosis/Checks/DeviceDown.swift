// SPDX-License-Identifier: Apache-2.0

/// Whether the device of a running tunnel is switched on.
package enum DeviceDown: Check {
    package static let id = "device.down"
    package static let why = "a device that is down takes no packet, and the kernel removes its routes with it"

    package static func judge(_ host: HostSnapshot) -> [Finding] {
        of(host.tunnels) { tunnel in
            guard tunnel.isRunning, let device = tunnel.device, let link = host.inside(tunnel).links[device], !link.isUp
            else { return [] }
            let up = "ip link set dev \(device) up"
            let repair = tunnel.repair.map { " && \($0)" } ?? ""
            return [finding(.broken, ["tunnel \(tunnel.name): \(device) is down"], fix: up + repair)]
        }
    }
}
