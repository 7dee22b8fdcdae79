// swift-tools-version: 6.3
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

/// What every Swift target is held to: Swift 6, explicit `unsafe`, explicit imports, no warnings.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

/// `Lifetimes` lets `Wire` declare views that cannot outlive the bytes they look at.
let lifetimes: [SwiftSetting] = [.enableExperimentalFeature("Lifetimes")]

let package = Package(
    name: "iptund",
    products: [
        .executable(name: "iptund", targets: ["iptund"]),
        .executable(name: "iptund-exporter", targets: ["iptund-exporter"]),
        .library(name: "Tunnel", targets: ["Wire", "Tunnel", "Configuration"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/swhitty/FlyingFox", exact: "0.27.1"),
    ],
    targets: [
        // What Swift cannot import, and the C libraries that we stand on.
        .target(
            name: "CLinux",
            cSettings: [.enableWarning("all"), .enableWarning("extra"), .treatAllWarnings(as: .error)]),
        .systemLibrary(name: "CLibcap", pkgConfig: "libcap", providers: [.apt(["libcap-dev"])]),
        .systemLibrary(name: "CSeccomp", pkgConfig: "libseccomp", providers: [.apt(["libseccomp-dev"])]),
        .systemLibrary(name: "CNetlink", pkgConfig: "libnl-3.0", providers: [.apt(["libnl-3-dev"])]),

        // Bytes; rules; what somebody may ask for; what may be wrong with a host; the operating system; the program.
        .target(name: "Wire", swiftSettings: strict + lifetimes),
        .target(name: "Tunnel", dependencies: ["Wire"], swiftSettings: strict),
        .target(name: "Configuration", dependencies: ["Tunnel", "Wire"], swiftSettings: strict),
        .target(name: "Diagnosis", dependencies: ["Tunnel", "Wire"], swiftSettings: strict),
        .target(
            name: "Linux", dependencies: ["Wire", "CLinux", "CLibcap", "CSeccomp", "CNetlink"], swiftSettings: strict),
        .executableTarget(
            name: "iptund",
            dependencies: [
                "Wire", "Tunnel", "Configuration", "Diagnosis", "Linux",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict),

        // A program of its own, so that no tunnel ever has an HTTP server in it.
        .executableTarget(
            name: "iptund-exporter",
            dependencies: [
                "Configuration", "Linux",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "FlyingFox", package: "FlyingFox"),
                .product(name: "FlyingSocks", package: "FlyingFox"),
            ],
            path: "Sources/Exporter", swiftSettings: strict),

        .testTarget(name: "WireTests", dependencies: ["Wire"], swiftSettings: strict),
        .testTarget(name: "TunnelTests", dependencies: ["Tunnel", "Wire"], swiftSettings: strict),
        .testTarget(
            name: "ConfigurationTests", dependencies: ["Configuration", "Tunnel", "Wire"], swiftSettings: strict),
        .testTarget(name: "DiagnosisTests", dependencies: ["Diagnosis", "Tunnel", "Wire"], swiftSettings: strict),
        .testTarget(name: "LinuxTests", dependencies: ["Linux", "Wire"], swiftSettings: strict),
        .testTarget(
            name: "iptundTests",
            dependencies: ["iptund", "Configuration", "Diagnosis", "Linux", "Tunnel", "Wire"],
            swiftSettings: strict),
        .testTarget(name: "NetworkTests", dependencies: ["iptund", "Linux", "Wire"], swiftSettings: strict),
        .testTarget(name: "SystemdTests", dependencies: ["Linux"], swiftSettings: strict),
    ]
)
