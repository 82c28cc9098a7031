// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.opt;

import io.github.depthc.backend.bundle.Bundle;
import io.github.depthc.frontend.Importer;
import io.github.depthc.frontend.checkpoint.Checkpoint;
import io.github.depthc.frontend.checkpoint.RouterFile;
import io.github.depthc.frontend.json.InputFiles;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.OpSet;
import io.github.depthc.ir.text.Parser;
import io.github.depthc.ir.text.Printer;
import io.github.depthc.ir.text.SourceText;
import io.github.depthc.ir.weight.WeightStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** What {@code opt} works on: a model or a graph on its own, from a text or a checkpoint. */
public final class OptInput implements AutoCloseable {
    /** Stands for standard input. */
    public static final String STDIN = "-";

    private static final String STDIN_NAME = "<stdin>";

    private final Model model;
    private final boolean graphAlone;
    private final Path folder;
    private final CheckpointRef checkpoint;
    private final Optional<RouterFile> routers;

    private OptInput(Model model, boolean graphAlone, Path folder, CheckpointRef checkpoint, Optional<RouterFile> routers) {
        var stores = new LinkedHashMap<String, WeightStore>(Map.of(Checkpoint.SOURCE, checkpoint));
        routers.ifPresent(r -> stores.put(RouterFile.SOURCE, r));
        this.model = model.withWeights(WeightStore.bySource(stores));
        this.graphAlone = graphAlone;
        this.folder = folder;
        this.checkpoint = checkpoint;
        this.routers = routers;
    }

    /**
     * Reads a model.
     *
     * @param path       a text, a checkpoint's folder, or {@link #STDIN}
     * @param checkpoint where a text's weights are, instead of where it says; may be null
     * @param routers    a file of router weights; may be null
     * @param ops        the kinds that a text may have
     * @throws InputException if it is none of these, or does not fit
     */
    public static OptInput open(Path path, Path checkpoint, Path routers, OpSet ops) throws IOException {
        boolean stdin = path.toString().equals(STDIN);
        if (!stdin && Files.isDirectory(path)) {
            if (Bundle.isBundle(path)) {
                throw new InputException(path + ": is a bundle, whose graph is ONNX; give the checkpoint it was made from, or a .mir file");
            }
            if (checkpoint != null) {
                throw new InputException(path + ": is a checkpoint itself; remove --checkpoint, which is for .mir files");
            }
            var ref = new CheckpointRef(Optional.of(path), path.toString());
            return open(ref, () -> Importer.load(ref.get()).withCheckpoint(slashes(path)), false, Path.of(""), routers);
        }
        SourceText text = stdin ? SourceText.of(STDIN_NAME, System.in.readNBytes(4 * SourceText.MAX_CHARS + 1)) : SourceText.read(InputFiles.requireFile(path));
        Parser.Parsed parsed = Parser.parse(text, ops);
        Path folder = stdin || path.getParent() == null ? Path.of("") : path.getParent();
        Optional<Path> known = checkpoint != null ? Optional.of(InputFiles.requireFolder(checkpoint))
                : parsed.checkpoint().map(c -> folder.resolve(path(text.name(), c)));
        ModelSource source = () -> {
            Model model = parsed.model(WeightStore.EMPTY);
            return checkpoint == null || model.checkpoint().isEmpty() ? model : model.withCheckpoint(slashes(checkpoint.toAbsolutePath().normalize()));
        };
        return open(new CheckpointRef(known, text.name()), source, parsed.info().isEmpty(), folder, routers);
    }

    private static OptInput open(CheckpointRef checkpoint, ModelSource source, boolean graphAlone, Path folder, Path routers) throws IOException {
        RouterFile opened = null;
        try {
            opened = routers == null ? null : RouterFile.open(routers);
            return new OptInput(source.load(), graphAlone, folder, checkpoint, Optional.ofNullable(opened));
        } catch (IOException | RuntimeException e) {
            if (opened != null) {
                opened.close();
            }
            checkpoint.close();
            throw e;
        }
    }

    /** The model; a graph on its own is one of {@link io.github.depthc.ir.ModelInfo#NONE}. */
    public Model model() {
        return model;
    }

    /** The checkpoint; {@link InputException} that says what to add where none is known. */
    public Checkpoint checkpoint() {
        return checkpoint.get();
    }

    /** The file of router weights, if one was given. */
    public Optional<RouterFile> routers() {
        return routers;
    }

    /** A model in the form that was read: a graph on its own has no model lines. */
    public String print(Model now) {
        return graphAlone ? Printer.print(now.graph()) : Printer.print(now);
    }

    /** The same for whoever reads standard output, who may be anywhere: a checkpoint's path is absolute. */
    public String printAnywhere(Model now) {
        Optional<String> stated = now.checkpoint();
        return stated.isEmpty() ? print(now) : print(now.withCheckpoint(slashes(folder.resolve(path("-", stated.get())).toAbsolutePath().normalize())));
    }

    /** The same for a file: a checkpoint's relative path is from where the file will be. */
    public String printFor(Model now, Path file) {
        Optional<String> stated = now.checkpoint();
        if (stated.isEmpty() || path(file.toString(), stated.get()).isAbsolute()) {
            return print(now);
        }
        Path from = file.toAbsolutePath().normalize().getParent();
        Path to = folder.resolve(stated.get()).toAbsolutePath().normalize();
        boolean same = from.equals(folder.toAbsolutePath().normalize());
        return print(same ? now : now.withCheckpoint(slashes(from.relativize(to))));
    }

    @Override
    public void close() {
        routers.ifPresent(RouterFile::close);
        checkpoint.close();
    }

    private static Path path(String file, String stated) {
        try {
            return Path.of(stated);
        } catch (InvalidPathException e) {
            throw new InputException(file + ": the checkpoint line names no folder: " + e.getReason(), e);
        }
    }

    private static String slashes(Path path) {
        return path.toString().replace('\\', '/');
    }

    /** Loads a model. */
    @FunctionalInterface
    private interface ModelSource {
        Model load() throws IOException;
    }
}
