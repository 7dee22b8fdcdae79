// swift-tools-version: 6.3
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

// A package of its own, so that what benchmarks need never enters the product.
let package = Package(
    name: "Benchmarks",
    dependencies: [.package(name: "iptund", path: "..")],
    targets: [
        .target(name: "CAllocations"),
        .executableTarget(
            name: "hotpath",
            dependencies: ["CAllocations", .product(name: "Tunnel", package: "iptund")],
            swiftSettings: [.swiftLanguageMode(.v6), .treatAllWarnings(as: .error)]),
    ]
)
