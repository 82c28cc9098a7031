// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.convert;

import io.github.depthc.cli.console.Console;
import io.github.depthc.cli.console.Units;
import io.github.depthc.frontend.checkpoint.Checkpoint;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.op.Weight;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashSet;
import java.util.Set;

/**
 * What a conversion will take.
 *
 * @param diskBytes of the bundle
 * @param runBytes  memory of a run on the CPU: weights in F32 and a KV cache over the whole context
 * @param seconds   to write it, by how fast this machine reads and checksums the checkpoint's first bytes
 */
public record WriteEstimate(long diskBytes, long runBytes, double seconds) {
    private static final int PROBE = 32 << 20;

    /** The estimate for a model's bundle of this size. */
    public static WriteEstimate of(Model model, long disk, Checkpoint checkpoint) throws IOException {
        return new WriteEstimate(disk, runBytes(model), disk / bytesPerSecond(checkpoint));
    }

    /** Prints it. */
    public void print(Console console) {
        console.line("Disk    " + Units.bytes(diskBytes));
        console.line("Memory  " + Units.bytes(runBytes) + " to run (weights in F32 and KV cache of the whole context, dense)");
        console.line("Time    about " + Units.duration(seconds) + " to write, at the rate this machine reads and checksums");
    }

    private static long runBytes(Model model) {
        long bytes = 0;
        Set<Weight> seen = new HashSet<>();
        for (Node node : model.graph().nodes()) {
            if (node.kind() instanceof Weight w && seen.add(w)) {
                bytes += w.expr().byteSize() / w.expr().type().dtype().bytes() * DType.F32.bytes();
            }
        }
        return bytes + 2L * DType.F32.bytes() * model.info().layers() * model.info().kvHeads() * model.info().headDim() * model.info().context();
    }

    private static double bytesPerSecond(Checkpoint checkpoint) throws IOException {
        Path first = checkpoint.files().getFirst();
        long start = System.nanoTime();
        long read = 0;
        try (InputStream in = Files.newInputStream(first)) {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            byte[] buffer = new byte[1 << 20];
            for (int n = in.read(buffer); n > 0 && read < PROBE; n = in.read(buffer)) {
                digest.update(buffer, 0, n);
                read += n;
            }
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
        return Math.max(1, read) / Math.max(1e-6, (System.nanoTime() - start) / 1e9);
    }
}
