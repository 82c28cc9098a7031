// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.bundle;

import io.github.depthc.ir.InputException;
import io.github.depthc.ir.io.StagingFolder;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;

/** A bundle that has been found in order. */
public final class Bundle {
    /** Name of the file that describes a bundle. */
    public static final String JSON = "bundle.json";
    /** Name of the folder of the files that graphs refer to. */
    public static final String WEIGHTS = "weights";
    /** Role of the component that is the language model. */
    public static final String DECODER = "decoder";
    /** Role of the component that makes embeddings of token ids, for a decoder that takes embeddings. */
    public static final String EMBEDDING = "embedding";
    /** Role of the component that makes embeddings of images. */
    public static final String VISION = "vision";

    /** Folder, with its slash, of what is built of a bundle on one machine; it is not listed, and goes when the bundle is replaced. */
    private static final String ENGINES = "engines/";

    private static final long HASHED_QUICKLY = 64L << 20;
    /** How far {@code bundle.json} is looked into to know what it is, in bytes. */
    private static final int HEAD = 4096;

    private final Path folder;
    private final BundleInfo info;

    private Bundle(Path folder, BundleInfo info) {
        this.folder = folder;
        this.info = info;
    }

    /** True if the path is a folder with a {@code bundle.json}. */
    public static boolean isBundle(Path path) {
        return Files.isRegularFile(path.resolve(JSON));
    }

    /** True if the path is a folder with a bundle's graph and weights but no {@code bundle.json}. */
    public static boolean isIncomplete(Path path) {
        return !isBundle(path) && List.of(BundleWriter.GRAPH, BundleWriter.file(DECODER)).stream().anyMatch(g -> Files.isRegularFile(path.resolve(g))) && Files.isDirectory(path.resolve(WEIGHTS));
    }

    /** True if the folder's {@code bundle.json} says that it is one of a bundle, even if it was damaged since. */
    static boolean isOwn(Path folder) throws IOException {
        try (InputStream in = Files.newInputStream(folder.resolve(JSON))) {
            return new String(in.readNBytes(HEAD), StandardCharsets.ISO_8859_1).contains("\"depthc_bundle\"");
        }
    }

    /** A file in a bundle's folder that the bundle does not list; empty when there is none, or its list cannot be read. */
    static Optional<String> stranger(Path folder) throws IOException {
        Set<String> own;
        try {
            own = BundleJson.read(folder.resolve(JSON)).files().stream().map(FileEntry::path).collect(Collectors.toSet());
        } catch (InputException e) {
            return Optional.empty();
        }
        return StagingFolder.stranger(folder, f -> f.equals(JSON) || f.startsWith(ENGINES) || own.contains(f));
    }

    /** Bytes of all files, {@code bundle.json} too. */
    public long bytes() throws IOException {
        return Files.size(folder.resolve(JSON)) + info.files().stream().mapToLong(FileEntry::size).sum();
    }

    /** Opens with {@link Verify#QUICK}. */
    public static Bundle open(Path folder) throws IOException {
        return open(folder, Verify.QUICK);
    }

    /**
     * Reads {@code bundle.json} and checks that it and every file is there and unchanged. A mapped file that turned out too short
     * while the model runs would kill the process, so sizes are always checked.
     *
     * @throws InputException naming the file that is missing, truncated or changed, or what is wrong in {@code bundle.json}
     */
    public static Bundle open(Path folder, Verify verify) throws IOException {
        if (!Files.isDirectory(folder)) {
            throw new InputException(folder + (Files.exists(folder) ? " is no folder" : " does not exist")
                    + "; expected a bundle's folder, as depthc convert writes it");
        }
        if (!isBundle(folder)) {
            throw new InputException(folder + " has no " + JSON + (isIncomplete(folder) ? ", but " + BundleWriter.GRAPH + ": a bundle that was not copied whole; "
                    + "copy it again or convert the model again" : "; expected a bundle's folder, as depthc convert writes it"));
        }
        BundleInfo info = BundleJson.read(folder.resolve(JSON));
        Path root = folder.toRealPath();
        FileTime written = Files.getLastModifiedTime(folder.resolve(JSON));
        long hashed = 0;
        var checks = new ArrayList<Callable<Void>>();
        for (FileEntry entry : info.files().stream().sorted(Comparator.comparingLong(FileEntry::size)).toList()) {
            Path file = existing(root, entry);
            hashed += entry.size();
            boolean whole = verify == Verify.FULL || entry.sample() == null || hashed <= HASHED_QUICKLY || isGraph(info, entry)
                    || Files.getLastModifiedTime(file).compareTo(written) > 0;
            checks.add(() -> {
                checkHash(file, entry, whole);
                return null;
            });
        }
        Parallel.run(Runtime.getRuntime().availableProcessors(), checks);
        ConfigAgreement.check(root, info);
        GraphDescription.check(root, info);
        return new Bundle(folder, info);
    }

    private static boolean isGraph(BundleInfo info, FileEntry entry) {
        return info.components().stream().anyMatch(c -> c.file().equals(entry.path()));
    }

    private static void checkHash(Path file, FileEntry entry, boolean whole) throws IOException {
        String found = whole ? Checksums.whole(file) : Checksums.sample(file);
        if (!(whole ? entry.sha256() : entry.sample()).equals(found)) {
            throw new InputException(file + " has changed since the bundle was written (its SHA-256 is not the one in " + JSON
                    + "); restore it or convert the model again");
        }
    }

    private static Path existing(Path root, FileEntry entry) throws IOException {
        Path file;
        try {
            file = root.resolve(entry.path());
        } catch (InvalidPathException e) {
            throw new InputException(root.resolve(JSON) + ": \"" + entry.path() + "\" is no path on this system", e);
        }
        if (!Files.isRegularFile(file)) {
            throw new InputException(file + " is missing, " + JSON + " lists it; restore it or convert the model again");
        }
        if (!file.toRealPath().startsWith(root)) {
            throw new InputException(file + " is a link that leaves the bundle; put the file itself there");
        }
        long size = Files.size(file);
        if (size != entry.size()) {
            throw new InputException(file + " has " + size + " bytes, expected " + entry.size() + (size < entry.size()
                    ? ": it is truncated" : ": it has changed") + " since the bundle was written; restore it or convert the model again");
        }
        return file;
    }

    /** True if there is a component of this role. */
    public boolean has(String role) {
        return info.components().stream().anyMatch(c -> c.role().equals(role));
    }

    /** The component of this role; {@link InputException} when there is none. */
    public BundleInfo.Component component(String role) {
        List<BundleInfo.Component> found = info.components().stream().filter(c -> c.role().equals(role)).toList();
        if (found.size() != 1) {
            throw new InputException(folder + " has " + found.size() + " components of the role " + role + ", expected 1; convert the "
                    + "model again");
        }
        return found.getFirst();
    }

    public Path folder() {
        return folder;
    }

    public BundleInfo info() {
        return info;
    }

    /** A file of this bundle by its name, such as {@code tokenizer.json}; it may not exist. */
    public Path file(String name) {
        return folder.resolve(name);
    }
}
