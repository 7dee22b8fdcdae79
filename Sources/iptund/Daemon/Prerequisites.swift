// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux

/// What has to be there before anything is worth trying.
enum Prerequisites {
    static let remedy = "run it as root, or give it CAP_NET_ADMIN and CAP_NET_RAW"

    /// Checks for the TUN driver and both capabilities, and changes nothing.
    static func check() throws(Complaint) {
        try checkDriver()
        for (capability, use) in [
            (Capability.netAdmin, "a tunnel device is made with it"), (.netRaw, "protocol 4 needs a raw socket"),
        ] where !capability.isEffective {
            throw Complaint("\(capability.name) is missing", why: use, whatNow: remedy)
        }
    }
    private static func checkDriver() throws(Complaint) {
        let what = "cannot open \(TUNDevice.path)"
        do throws(Errno) {
            try TUNDevice.checkDriver()
        } catch .noSuchFile, .noDevice, .noSuchDeviceOrAddress {
            throw Complaint(
                what, why: "this system or container has none",
                whatNow: "'modprobe tun', or pass the device into the container")
        } catch .permissionDenied, .notPermitted {
            throw Complaint(
                what, why: "uid \(User.current.id) may not read and write it",
                whatNow: "run it as root, or change the mode of the device")
        } catch {
            throw Complaint(what, error, whatNow: "does the kernel have the TUN driver?")
        }
    }
}
