// SPDX-License-Identifier: Apache-2.0

package import Wire

/// What else lives on the host and has to do with protocol 4, or with addresses.
package struct Surroundings: Sendable {
    /// The first address of each link: what masquerading takes.
    package var firstAddresses: [String: IPv4Address] = [:]
    /// The kernel's own IP in IP links.
    package var kernelTunnels: Seen<[KernelTunnel]> = .hidden("not asked")
    /// Of the kernel's modules for IP in IP, those that are loaded.
    package var modules: [String] = []
    /// Who has raw sockets of protocol 4 open.
    package var owners: Seen<[Owner]> = .hidden("not asked")
    /// Who made the machine, or rents it out (DMI).
    package var vendor: String?
    /// Links that log packets with impossible addresses (`log_martians`).
    package var martianLoggers: [String] = []
    /// What the kernel said of such packets.
    package var martians: Seen<[String]> = .hidden("not asked")

    package init() {}

    /// An IP in IP link of the kernel.
    package struct KernelTunnel: Equatable, Sendable {
        package var name: String
        package var kind: String
        package var isUp: Bool
        /// Its outer addresses; 0.0.0.0 for any.
        package var local: IPv4Address
        package var remote: IPv4Address
        /// Whether it takes IPv4 inside of IPv4: `sit` may be for IPv6 alone.
        package var takesIPv4 = true
        /// The uses that are known, such as an address of it.
        package var uses: [String] = []

        package init(_ name: String, kind: String, isUp: Bool, local: IPv4Address, remote: IPv4Address) {
            self.name = name
            self.kind = kind
            self.isUp = isUp
            self.local = local
            self.remote = remote
        }
    }

    /// A process with a raw socket.
    package struct Owner: Equatable, Sendable {
        /// `nil` when it is a process that cannot be seen from here.
        package var process: Int32?
        package var command: String
        /// Whether it is a daemon of ours, by another name perhaps.
        package var isOurs = false

        package init(process: Int32?, command: String, isOurs: Bool = false) {
            self.process = process
            self.command = command
            self.isOurs = isOurs
        }
    }
}
