// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.bundle;

import io.github.depthc.ir.weight.WeightExpr;
import io.github.depthc.ir.weight.WeightReader;
import io.github.depthc.ir.weight.WeightStore;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;

/** Passes weights on to another channel, unless one of them has a NaN or an infinity. */
final class FiniteChannel implements WritableByteChannel {
    private final WritableByteChannel to;
    private final WeightStore store;
    private final FiniteScan scan = new FiniteScan();
    private WeightExpr weight;

    FiniteChannel(WritableByteChannel to, WeightStore store) {
        this.to = to;
        this.store = store;
    }

    /**
     * Evaluates a weight and passes it on.
     *
     * @throws io.github.depthc.ir.InputException naming the tensor that has a NaN or an infinity, or a number that is one in the type that is written
     */
    void write(WeightExpr of) throws IOException {
        if (!of.type().dtype().isFloat()) {
            WeightReader.write(of, store, to); // integers; the scales beside them say what was not finite
            return;
        }
        weight = of;
        scan.begin(of.type().dtype());
        WeightReader.write(of, store, this);
        require(scan.end());
    }

    @Override
    public int write(ByteBuffer source) throws IOException {
        MemorySegment bytes = MemorySegment.ofBuffer(source);
        require(scan.add(bytes, 0, bytes.byteSize()));
        return to.write(source);
    }

    private void require(boolean finite) {
        if (!finite) {
            throw FiniteWeights.refused(weight, store);
        }
    }

    @Override
    public boolean isOpen() {
        return to.isOpen();
    }

    @Override
    public void close() throws IOException {
        to.close();
    }
}
