// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// What the process was started with.
package enum Environment {
    /// The variable of this name. The corresponding C function is `getenv`.
    package static func value(_ name: String) -> String? { unsafe getenv(name).map { unsafe String(cString: $0) } }

    /// The file that this process runs.
    package static var program: String? { Files.linkTarget("/proc/self/exe") }

    /// How many processors the host has. The corresponding C call is `sysconf(_SC_NPROCESSORS_ONLN)`.
    ///
    /// Asked for once, at the first use: it is a file of /sys.
    package static let processorCount = max(sysconf(Int32(_SC_NPROCESSORS_ONLN)), 1)

    /// The process itself.
    package static var processID: Int32 { getpid() }
}
