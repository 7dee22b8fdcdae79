// SPDX-License-Identifier: Apache-2.0

internal import Linux

/// What has to be there before anything is worth trying.
enum Prerequisites {
    static let remedy = "run it as root, or give it CAP_NET_ADMIN and CAP_NET_RAW"

    /// Checks for the TUN driver and both capabilities.
    static func check() throws(Complaint) {
        guard Files.exists(TUNDevice.path) else {
            throw Complaint(
                "cannot open \(TUNDevice.path)", why: "this system or container has none",
                whatNow: "'modprobe tun', or pass the device into the container")
        }
        for (capability, use) in [
            (Capability.netAdmin, "a tunnel device is made with it"), (.netRaw, "protocol 4 needs a raw socket"),
        ] where !capability.isEffective {
            throw Complaint("\(capability.name) is missing", why: use, whatNow: remedy)
        }
    }
}
