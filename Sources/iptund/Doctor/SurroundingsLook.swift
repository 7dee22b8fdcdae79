// SPDX-License-Identifier: Apache-2.0

internal import Diagnosis
internal import Linux
internal import Wire

extension Surroundings {
    /// Looks at what else has to do with protocol 4 in the network namespace of this thread.
    /// - Parameters:
    ///   - links: the names of those that matter.
    ///   - daemons: the processes of tunnels that run, whatever their program is called.
    static func look(
        _ links: Set<String>, _ sockets: Seen<[RawSocket]>, daemons: Set<Int32>, _ netlink: borrowing Netlink
    ) -> Surroundings {
        var surroundings = Surroundings()
        for name in links {
            guard let link = (try? netlink.link(named: name)) ?? nil,
                let first = (try? netlink.addresses(link: link.index))?.first
            else { continue }
            surroundings.firstAddresses[name] = first.address
        }
        surroundings.kernelTunnels = lookAtTunnels(netlink)
        surroundings.modules = ["ipip", "sit", "xfrm4_tunnel", "tunnel4"].filter { name in
            Files.exists("/sys/module/\(name)") || loadedModules.contains(name)
        }
        surroundings.owners = lookAtOwners(sockets, daemons)
        surroundings.vendor = (try? Files.read("/sys/class/dmi/id/sys_vendor")).map { text in
            String(text.prefix { $0 != "\n" }).printable
        }
        surroundings.martianLoggers = (["all"] + links.sorted()).filter { name in
            (try? Sysctl.read("conf/\(name)/log_martians")) ?? 0 != 0
        }
        surroundings.martians = lookAtMartians()
        return surroundings
    }

    private static func lookAtTunnels(_ netlink: borrowing Netlink) -> Seen<[KernelTunnel]> {
        do throws(Errno) {
            return .known(
                try netlink.kernelTunnels().map { link in
                    var tunnel = KernelTunnel(
                        link.name, kind: link.kind, isUp: link.isUp, local: link.local, remote: link.remote)
                    tunnel.takesIPv4 = link.takesIPv4
                    tunnel.uses = uses(of: link, netlink)
                    return tunnel
                })
        } catch {
            return .hidden("links: \(error)")
        }
    }

    /// Returns the uses of a kernel's tunnel: its addresses, and routes that lead into it.
    private static func uses(of link: Linux.KernelTunnel, _ netlink: borrowing Netlink) -> [String] {
        var uses = ((try? netlink.addresses(link: link.index)) ?? []).map { "address \($0)" }
        if link.isUp, (try? netlink.hasRoutes(by: link.index)) ?? true { uses.append("routes") }
        return uses
    }

    private static let loadedModules: Set<String> = {
        let lines = ((try? Files.read("/proc/modules")) ?? "").split(separator: "\n")
        return Set(lines.compactMap { $0.split(separator: " ").first.map(String.init) })
    }()

    private static func lookAtOwners(_ sockets: Seen<[RawSocket]>, _ daemons: Set<Int32>) -> Seen<[Owner]> {
        switch sockets {
        case .hidden(let why): return .hidden(why)
        case .known(let sockets):
            let inodes = Set(sockets.filter { $0.ipProtocol == IPProtocol.ipip.rawValue }.map(\.inode))
            let found = SocketOwner.find(inodes)
            if found.count < inodes.count, User.current.id != 0 {
                return .hidden("raw sockets of protocol 4: whose they are is for root to see")
            }
            var owners = Set(found.values.map(\.process)).sorted().map { process in
                let command = found.values.first { $0.process == process }?.command ?? "?"
                return Owner(
                    process: process, command: command.printable,
                    isOurs: daemons.contains(process)
                        || program != nil && program == Surroundings.program(of: "\(process)"))
            }
            // A socket that was closed meanwhile has no owner any more.
            let now = NetworkReading.now().sockets.value.map { Set($0.map(\.inode)) } ?? inodes
            if found.count < inodes.intersection(now).count {
                owners.append(Owner(process: nil, command: "a process that cannot be seen here, as of a container"))
            }
            return .known(owners)
        }
    }

    /// The file that a process runs, for root; one that was replaced meanwhile counts as the same.
    private static func program(of process: String) -> String? {
        guard let path = Files.linkTarget("/proc/\(process)/exe") else { return nil }
        return path.hasSuffix(" (deleted)") ? String(path.dropLast(10)) : path
    }
    private static let program = program(of: "self")

    /// The log of the kernel, or what the journal has of it.
    private static func lookAtMartians() -> Seen<[String]> {
        do throws(Errno) {
            return .known(try KernelLog.lines(containing: "martian source", count: 50).map(\.printable))
        } catch {
            let journal = [
                "journalctl", "-q", "-k", "-b", "-g", "martian source", "-n", "50", "--no-pager", "-o", "cat",
            ]
            let ending = try? ChildProcess.run(journal, milliseconds: 2_000, octets: 1 << 20)
            guard let ending, ending.status == 0 else { return .hidden("kernel log: \(error)") }
            return .known(
                ending.output.split(separator: "\n").filter { $0.contains("martian source") }.map(\.printable))
        }
    }
}
