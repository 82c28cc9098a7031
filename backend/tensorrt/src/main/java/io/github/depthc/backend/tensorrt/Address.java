// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.tensorrt;

import org.bytedeco.javacpp.Pointer;

/** An address of native or device memory as JavaCPP wants it, which owns nothing and can be pointed elsewhere. */
final class Address extends Pointer {
    Address(long address) {
        at(address);
    }

    /** This, pointing there. */
    Address at(long other) {
        address = other;
        return this;
    }
}
