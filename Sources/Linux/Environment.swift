// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// What the process was started with.
package enum Environment {
    /// The variable of this name. The corresponding C function is `getenv`.
    package static func value(_ name: String) -> String? { unsafe getenv(name).map { unsafe String(cString: $0) } }

    /// The file that this process runs.
    package static var program: String? {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = unsafe buffer.withUnsafeMutableBytes { buffer in
            let start = unsafe buffer.baseAddress?.assumingMemoryBound(to: CChar.self)
            return unsafe start.map { unsafe readlink("/proc/self/exe", $0, buffer.count) } ?? -1
        }
        return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
    }

    /// The process itself.
    package static var processID: Int32 { getpid() }
}
