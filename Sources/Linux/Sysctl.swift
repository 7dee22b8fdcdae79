// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Settings of IPv4 in the network namespace of the calling thread, for what netlink cannot set (sysctl(8)).
package enum Sysctl {
    /// The number that `name`, such as "conf/all/send_redirects", has now.
    ///
    /// `sysctl net.ipv4.NAME`
    /// - Throws: `ENOENT` when the kernel knows no such setting, `EINVAL` when it is not a number.
    package static func read(_ name: String) throws(Errno) -> UInt32 {
        let text = try Files.read(path(name))
        guard let value = UInt32(text.prefix { $0 != "\n" }) else { throw .invalidArgument }
        return value
    }

    /// Changes a setting. `sysctl net.ipv4.NAME=VALUE`. Requires the right to write the file, which root has on a host,
    /// and in most containers nobody.
    /// - Throws: `EROFS` where /proc/sys is there only to be read.
    package static func write(_ value: UInt32, to name: String) throws(Errno) {
        let file = try Descriptor.open(path(name), O_WRONLY)
        try file.write(Array("\(value)\n".utf8))
    }

    /// The name may come from a file: it must not lead out of the directory.
    private static func path(_ name: String) throws(Errno) -> String {
        guard
            !name.split(separator: "/", omittingEmptySubsequences: false).contains(where: {
                ["", ".", ".."].contains($0)
            })
        else { throw .invalidArgument }
        return "/proc/sys/net/ipv4/" + name
    }
}
