// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.ort;

/**
 * How ONNX Runtime is set up.
 *
 * @param threads    threads that compute; 0 takes the number of cores. The first engine or executor of a process decides
 * @param prepacking whether weights are copied into the form that the matrix kernels read fastest. Without: 512 MiB of weights
 *                   load in 11 ms and stay mapped instead of 950 ms and a copy, a decode step takes 1.3 times as long (of weights in
 *                   8 or 4 bits 60 times), and a row alone is no longer bit-equal to the same row in a batch (one-row products take
 *                   another kernel)
 */
public record OrtOptions(int threads, boolean prepacking) {
    /** All cores, prepacked weights. */
    public static final OrtOptions DEFAULT = new OrtOptions(0, true);

    public OrtOptions {
        if (threads < 0 || threads > 1024) {
            throw new io.github.depthc.ir.InputException("the number of threads is " + threads + ", expected 1 to 1024, or 0 for all cores");
        }
    }

    /** The same with this many threads. */
    public OrtOptions withThreads(int count) {
        return new OrtOptions(count, prepacking);
    }

    /** The same with or without prepacked weights. */
    public OrtOptions withPrepacking(boolean on) {
        return new OrtOptions(threads, on);
    }
}
